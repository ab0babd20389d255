"""The same weights for transformers: its names, its order of rows, its files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.setting import Setting
from config import LlamaConfig
from llama import Llama, load_pretrained
from support.files import atomic_path, write_text


def halves_from_pairs(weight: Tensor, config: LlamaConfig) -> Tensor:
    """Reorder the rows of a query or key projection for a RoPE that pairs i with i + D/2.

    Hugging Face's does; `rope.py`, as Meta's, pairs neighbours.
    """
    return weight.view(-1, config.head_dim // 2, 2, config.dim).transpose(1, 2).flatten(0, 2)


# Our names within a layer -> those of transformers
HUGGING_FACE_NAMES = {
    "attention_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attention.compute_query": "self_attn.q_proj",
    "attention.compute_key": "self_attn.k_proj",
    "attention.compute_value": "self_attn.v_proj",
    "attention.compute_output": "self_attn.o_proj",
    "feed_forward.w1": "mlp.gate_proj",
    "feed_forward.w2": "mlp.down_proj",
    "feed_forward.w3": "mlp.up_proj",
}


def hugging_face_folder(setting: Setting) -> Path:
    """The same weights as transformers reads them, config.json and model.safetensors; made once."""
    source = setting.checkpoint.stat()
    folder = setting.out / "transformers" / f"{setting.checkpoint.stem}-{source.st_mtime_ns:x}"
    if not (folder / "config.json").exists():  # written last
        model = load_pretrained(setting.checkpoint)
        _write_safetensors(folder / "model.safetensors", hugging_face_tensors(model))
        write_text(folder / "config.json", json.dumps(hugging_face_config(model), indent=2) + "\n")
    return folder


def _write_safetensors(path: Path, tensors: dict[str, Tensor]) -> None:
    from safetensors.torch import save_file  # comes with transformers

    with atomic_path(path) as temporary:
        save_file(tensors, temporary, metadata={"format": "pt"})


def hugging_face_config(model: Llama) -> dict[str, object]:
    config = model.config
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": config.vocab_size,
        "hidden_size": config.dim,
        "intermediate_size": len(model.get_parameter("layers.0.feed_forward.w1.weight")),
        "num_hidden_layers": config.n_layers,
        "num_attention_heads": config.n_heads,
        "num_key_value_heads": config.n_kv_heads,
        "max_position_embeddings": config.max_seq_len,
        "rms_norm_eps": config.layer_norm_eps,
        "rope_theta": config.rope_theta,
        "rope_parameters": {"rope_type": "default", "rope_theta": config.rope_theta},
        "tie_word_embeddings": config.tie_embeddings,
        # No token ends a text: every contender writes as many as it is asked for.
        "bos_token_id": None,
        "eos_token_id": None,
        "pad_token_id": 0,
    }


def hugging_face_tensors(model: Llama) -> dict[str, Tensor]:
    """The weights under the names, and in the order of rows, that transformers expects."""
    own = {name: p.detach() for name, p in model.named_parameters()}  # a tied matrix comes once
    theirs = {
        "model.embed_tokens.weight": own["tok_embeddings.weight"],
        "model.norm.weight": own["norm.weight"],
    }
    if "output.weight" in own:
        theirs["lm_head.weight"] = own["output.weight"]
    for i in range(model.config.n_layers):
        for name, other in HUGGING_FACE_NAMES.items():
            weight = own[f"layers.{i}.{name}.weight"]
            if name.endswith(("query", "key")):
                weight = halves_from_pairs(weight, model.config)
            theirs[f"model.layers.{i}.{other}.weight"] = weight.contiguous()
    return theirs


def load_theirs(
    folder: Path, dtype: str = "float32", head: str = "LlamaForCausalLM", **options: Any
) -> Any:
    """transformers' model, quietly."""
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    kind = getattr(transformers, head)
    return kind.from_pretrained(folder, dtype=getattr(torch, dtype), **options).eval()
