"""Hugging Face's folders: `config.json`, weights in safetensors, and a tokenizer.

The weights are one file, or several with an index. The package `safetensors` (extra `formats`)
checks their headers and maps them into memory. transformers pairs numbers i and i + D/2 of a head
(see rope.py), so the rows of query and key come in another order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from checkpoints.contents import Checkpoint, LazyTensors, assemble, our_name, their_name
from checkpoints.tokenizer_files import from_folder
from checkpoints.vocabulary import (
    BytePairVocabulary,
    JsonVocabulary,
    SentencePieceVocabulary,
    Vocabulary,
    as_json,
    json_tokens,
    pieces_of,
    without_gaps,
)
from config import LlamaConfig, RopeScaling
from support.files import new_folder, read_json, write_text

try:
    import safetensors
    from safetensors.torch import save_file
except ImportError as error:
    raise ValueError(
        "Hugging Face's folders need the package safetensors (extra formats): "
        "pip install safetensors tokenizers"
    ) from error

# The one key table of this format: theirs -> ours; {} is the number of the layer.
TENSOR_NAMES = {
    "model.embed_tokens.weight": "tok_embeddings.weight",
    "model.norm.weight": "norm.weight",
    "lm_head.weight": "output.weight",
    "model.layers.{}.input_layernorm.weight": "layers.{}.attention_norm.weight",
    "model.layers.{}.post_attention_layernorm.weight": "layers.{}.ffn_norm.weight",
    "model.layers.{}.self_attn.q_proj.weight": "layers.{}.attention.compute_query.weight",
    "model.layers.{}.self_attn.k_proj.weight": "layers.{}.attention.compute_key.weight",
    "model.layers.{}.self_attn.v_proj.weight": "layers.{}.attention.compute_value.weight",
    "model.layers.{}.self_attn.o_proj.weight": "layers.{}.attention.compute_output.weight",
    "model.layers.{}.mlp.gate_proj.weight": "layers.{}.feed_forward.w1.weight",
    "model.layers.{}.mlp.down_proj.weight": "layers.{}.feed_forward.w2.weight",
    "model.layers.{}.mlp.up_proj.weight": "layers.{}.feed_forward.w3.weight",
}
CONFIG, INDEX, SINGLE = "config.json", "model.safetensors.index.json", "model.safetensors"
# What a Llama does not have, by the name that a configuration gives it -> what a Llama says there.
FIXED: dict[str, tuple[Any, ...]] = {
    "hidden_act": ("silu",),
    "attention_bias": (False, None),
    "mlp_bias": (False, None),
    "partial_rotary_factor": (1.0, None),
    "quantization_config": (None,),
}


def pairs_from_halves(weight: Tensor, head_dim: int) -> Tensor:
    """The rows of a query or key projection, as a RoPE wants them that pairs neighbours."""
    return weight.unflatten(0, (-1, 2, head_dim // 2)).transpose(1, 2).flatten(0, 2)


def halves_from_pairs(weight: Tensor, head_dim: int) -> Tensor:
    """The inverse of `pairs_from_halves`."""
    return weight.unflatten(0, (-1, head_dim // 2, 2)).transpose(1, 2).flatten(0, 2)


def read(path: Path) -> Checkpoint:
    """Read a folder, or the one of a safetensors file; tensors are mapped when they are asked for.

    Raises:
        ValueError: a file is missing or damaged, or the model is no Llama; what it has is named.
    """
    folder = path if path.is_dir() else path.parent
    facts = read_json(folder / CONFIG)
    opened = _open(path if path.is_file() else folder)
    places: dict[str, tuple[Any, str]] = {}  # our name -> file, their name
    shapes: dict[str, tuple[int, ...]] = {}
    for theirs, file in opened.items():
        if theirs.endswith("rotary_emb.inv_freq"):  # the configuration implies it
            continue
        name = our_name(theirs, TENSOR_NAMES, "huggingface")
        part = file.get_slice(theirs)
        if part.get_dtype() not in ("F64", "F32", "F16", "BF16"):
            raise ValueError(f"{path}: {theirs} is {part.get_dtype()}: weights must be floats")
        shapes[name] = tuple(part.get_shape())
        places[name] = file, theirs
    try:
        config = read_config(facts)
        tied = facts.get("tie_word_embeddings")
        if not isinstance(tied, bool | None):
            raise ValueError(f"tie_word_embeddings={tied!r}: must be true or false")
        vocabulary = from_folder(folder, facts)
    except ValueError as error:
        raise ValueError(f"{folder}: {error}") from error

    def make(name: str) -> Tensor:
        file, theirs = places[name]
        tensor = file.get_tensor(theirs)
        if name.endswith(("compute_query.weight", "compute_key.weight")):
            tensor = pairs_from_halves(tensor, config.head_dim)
        return tensor

    for name, shape in shapes.items():
        if name.endswith(("compute_query.weight", "compute_key.weight")) and (
            len(shape) != 2 or shape[0] % config.head_dim
        ):
            raise ValueError(f"{path}: {name} {shape} has no rows of {config.head_dim} for a head")
    kind = f"Hugging Face, {_main_dtype(opened)}"
    return assemble(
        folder, kind, config, LazyTensors(shapes, make), tied=tied, vocabulary=vocabulary
    )


def _open(path: Path) -> dict[str, Any]:
    """Tensor name -> opened file, of a file or of all that a folder's index names."""
    folder = path if path.is_dir() else path.parent
    index = folder / INDEX
    listed: dict[str, Any] = {}  # tensor -> file, where there are several
    names = [path.name if path.is_file() else SINGLE]
    if path.is_dir() and index.exists():
        listed = read_json(index).get("weight_map") or {}
        if not isinstance(listed, dict) or not listed:
            raise ValueError(f"{index}: has no weight_map of tensors and files")
        names = sorted(set(map(str, listed.values())))
        for name in names:
            if Path(name).name != name or name in (".", ".."):
                raise ValueError(f"{index}: names the file {name!r}, which is not in the folder")
    opened: dict[str, Any] = {}
    for file in (folder / name for name in names):
        if not file.exists():
            others = sorted(p.name for p in folder.glob("*.bin"))
            hint = f"; {others[0]} holds pickles: save it as safetensors" if others else ""
            raise ValueError(f"{file}: no such file{hint}")
        try:
            handle = safetensors.safe_open(file, framework="pt")
            keys = list(handle.keys())
        except (safetensors.SafetensorError, OSError, ValueError) as error:
            raise ValueError(f"{file}: truncated or corrupt ({error}); fetch it again") from error
        for key in keys:
            if key in opened:
                raise ValueError(f"{file}: holds {key}, as another file of the folder does")
            opened[key] = handle
    if missing := sorted(listed.keys() - opened.keys()):
        raise ValueError(f"{index}: names {missing[0]}, which no file holds; fetch it again")
    return opened


def _main_dtype(opened: Mapping[str, Any]) -> str:
    dtypes = [file.get_slice(name).get_dtype() for name, file in opened.items()]
    return max(set(dtypes), key=dtypes.count, default="empty")


def read_config(facts: Mapping[str, Any]) -> LlamaConfig:
    """What a `config.json` says; raises a ValueError that names what a Llama does not have."""
    kind = facts.get("model_type")
    if kind not in ("llama", "mistral"):
        raise ValueError(f"its model_type is {kind!r}, and llama and mistral are implemented")
    for name, allowed in FIXED.items():
        if name in facts and facts[name] not in allowed:
            raise ValueError(f"{name}={facts[name]!r}: only {allowed[0]!r} is implemented")

    def get(name: str, *default: Any) -> Any:
        if facts.get(name) is None and not default:
            raise ValueError(f"{CONFIG} lacks {name!r}, which a Llama needs")
        value = facts.get(name)
        return default[0] if value is None else value

    heads, longest = get("num_attention_heads"), get("max_position_embeddings", 2048)
    window = facts.get("sliding_window")
    if window is not None and isinstance(longest, int) and window < longest:
        raise ValueError(
            f"sliding_window={window} within a context of {longest} is not implemented; with "
            f"max_position_embeddings={window} in {CONFIG} it is the same up to there"
        )
    theta, scaling = _rope(facts)
    return LlamaConfig(
        vocab_size=get("vocab_size"),
        dim=get("hidden_size"),
        n_layers=get("num_hidden_layers"),
        n_heads=heads,
        n_kv_heads=get("num_key_value_heads", heads),
        head_dim=get("head_dim", 0),
        max_seq_len=longest,
        layer_norm_eps=get("rms_norm_eps", 1e-6),
        hidden_dim=get("intermediate_size"),
        rope_theta=theta,
        rope_scaling=scaling,
    )


def _rope(facts: Mapping[str, Any]) -> tuple[float, RopeScaling | None]:
    """Base of the wavelengths and scaling, as transformers 5 states them, or as 4 does."""
    stated = facts.get("rope_parameters") or facts.get("rope_scaling") or {}
    if not isinstance(stated, dict):
        raise ValueError(f"rope_scaling={stated!r}: must be an object")
    theta = stated.get("rope_theta", facts.get("rope_theta", 10000.0))
    kind = stated.get("rope_type", stated.get("type", "default"))
    if kind == "default":
        return theta, None
    if kind == "linear":
        return theta, RopeScaling("linear", stated.get("factor", 1.0))
    if kind != "llama3":
        raise ValueError(f"RoPE of type {kind!r}: default, linear and llama3 are implemented")
    fields = ("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings")
    if missing := [name for name in fields if name not in stated]:
        raise ValueError(f"RoPE of type llama3 lacks {', '.join(missing)}")
    return theta, RopeScaling("llama3", *(stated[name] for name in fields))


def write(
    folder: Path,
    config: LlamaConfig,
    tensors: Mapping[str, Tensor],
    vocabulary: Vocabulary | None = None,
    dtype: torch.dtype | None = None,
) -> None:
    """Write a folder that transformers reads: configuration, weights in one file, tokenizer.

    Args:
        folder: made here, whole or not at all.
        dtype: of the weights; None keeps each tensor's.

    Raises:
        ValueError: transformers' Llama does not have what this model has, which is named; or there
            is such a folder already.
    """
    facts = config_facts(config)
    with new_folder(folder) as temporary:
        state = {}
        for theirs, tensor in their_tensors(config, tensors):
            state[theirs] = tensor.to(dtype or tensor.dtype).contiguous()
        save_file(state, temporary / SINGLE, metadata={"format": "pt"})
        if vocabulary is not None:
            special = _write_tokenizer(temporary, vocabulary)
            write_text(temporary / "generation_config.json", json.dumps(special, indent=2) + "\n")
            facts |= special
        write_text(temporary / CONFIG, json.dumps(facts, indent=2) + "\n")
        # The package keeps the weights for their owner alone.
        (temporary / SINGLE).chmod((temporary / CONFIG).stat().st_mode & 0o777)


def their_tensors(
    config: LlamaConfig, tensors: Mapping[str, Tensor]
) -> Iterator[tuple[str, Tensor]]:
    """The weights under the names, and in the order of rows, that transformers expects."""
    for name in tensors:
        tensor = tensors[name]
        if name.endswith(("compute_query.weight", "compute_key.weight")):
            tensor = halves_from_pairs(tensor, config.head_dim)
        yield their_name(name, TENSOR_NAMES), tensor


def config_facts(config: LlamaConfig) -> dict[str, Any]:
    """What a `config.json` says of this model, in the words of transformers 4 and 5.

    Raises:
        ValueError: it cannot be said there.
    """
    if not config.causal:
        raise ValueError("transformers' Llama is causal, and this model is not")
    rope: dict[str, Any] = {"rope_type": "default", "rope_theta": config.rope_theta}
    if (scaling := config.rope_scaling) is not None:
        if scaling.kind == "factors":
            raise ValueError("its table of RoPE's factors has no name in transformers' Llama")
        rope |= {"rope_type": scaling.kind, "factor": scaling.factor}
        if scaling.kind == "llama3":
            rope |= {
                "low_freq_factor": scaling.low_freq_factor,
                "high_freq_factor": scaling.high_freq_factor,
                "original_max_position_embeddings": scaling.original_max_seq_len,
            }
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "vocab_size": config.vocab_size,
        "hidden_size": config.dim,
        "intermediate_size": config.hidden_dim,
        "num_hidden_layers": config.n_layers,
        "num_attention_heads": config.n_heads,
        "num_key_value_heads": config.n_kv_heads,
        "head_dim": config.head_dim,
        "max_position_embeddings": config.max_seq_len,
        "rms_norm_eps": config.layer_norm_eps,
        "rope_theta": config.rope_theta,
        "rope_scaling": None if scaling is None else rope,
        "rope_parameters": rope,
        "tie_word_embeddings": config.tie_embeddings,
        # Else transformers has others of its own.
        "bos_token_id": None,
        "eos_token_id": None,
        "pad_token_id": None,
    }


def _write_tokenizer(folder: Path, vocabulary: Vocabulary) -> dict[str, Any]:
    """Write the tokenizer's files; returns the special ids as configurations name them."""
    if isinstance(vocabulary, BytePairVocabulary):
        vocabulary = as_json(without_gaps(vocabulary)[0])
    facts: dict[str, Any] = {"clean_up_tokenization_spaces": False}
    if isinstance(vocabulary, SentencePieceVocabulary):
        (folder / "tokenizer.model").write_bytes(vocabulary.model)
        taken = pieces_of(vocabulary.model)
        tokens = dict(enumerate(taken.pieces))
        ids = {piece: i for i, piece in tokens.items()}
        known = {"bos": ids.get("<s>"), "eos": ids.get("</s>"), "pad": None}
        facts |= {"tokenizer_class": "LlamaTokenizer", "legacy": False, "unk_token": "<unk>"}
    else:
        assert isinstance(vocabulary, JsonVocabulary)
        write_text(folder / "tokenizer.json", vocabulary.json)
        tokens = {i: token for token, i in json_tokens(vocabulary.json).items()}
        known = {"bos": None, "eos": None, "pad": None}
        facts |= {"tokenizer_class": "PreTrainedTokenizerFast"}
    special: dict[str, Any] = {}
    for name, own in known.items():
        stated = getattr(vocabulary, f"{name}_id")
        special[name] = own if stated is None or stated < 0 else stated
        if special[name] is not None:
            facts[f"{name}_token"] = tokens[special[name]]
    add_bos = vocabulary.add_bos
    if isinstance(vocabulary, SentencePieceVocabulary) and add_bos is None:
        add_bos = special["bos"] is not None
    if add_bos is not None:
        facts["add_bos_token"] = add_bos
    if vocabulary.chat_template is not None:
        facts["chat_template"] = vocabulary.chat_template
    write_text(folder / "tokenizer_config.json", json.dumps(facts, indent=2) + "\n")
    ends = sorted({special["eos"], *vocabulary.stop_ids} - {None})
    special["eos"] = ends if len(ends) > 1 else special["eos"]
    return {f"{name}_token_id": value for name, value in special.items()}
