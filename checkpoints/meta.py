"""Meta's folders: `params.json`, the weights in `consolidated.00.pth`, and `tokenizer.model`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from checkpoints.contents import Checkpoint, assemble
from checkpoints.pt import state_tensors, unpickle_file
from checkpoints.tokenizer_files import from_model_file
from config import LlamaConfig, RopeScaling
from support.files import read_json

PARAMS, WEIGHTS = "params.json", "consolidated.00.pth"
LLAMA_3_2 = (2048, 3072)  # widths of those whose frequencies are divided by 32, others' by 8


def read(path: Path) -> Checkpoint:
    """Read a folder of one shard; the weights are mapped into memory.

    Raises:
        ValueError: a file is missing or damaged, there are more shards, or the model is no Llama.
    """
    folder = path if path.is_dir() else path.parent
    shards = sorted(folder.glob("consolidated.*.pth"))
    if len(shards) > 1:
        raise ValueError(
            f"{folder}: weights in {len(shards)} parts, {shards[0].name} to {shards[-1].name}: one "
            "is implemented; take Hugging Face's folder of the same model"
        )
    file = folder / WEIGHTS
    if not file.exists():
        raise ValueError(f"{file}: no such file")
    facts = read_json(folder / PARAMS)
    state = unpickle_file(file)
    if not isinstance(state, dict):
        raise ValueError(f"{file}: holds a {type(state).__name__} and should hold tensors by name")
    tensors = state_tensors(file, state)
    guesses: list[str] = []
    try:
        shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
        config = _config(facts, shapes, guesses)
        model = folder / "tokenizer.model"
        vocabulary = from_model_file(model.read_bytes()) if model.exists() else None
    except (ValueError, TypeError) as error:
        raise ValueError(f"{folder}: {error}") from error
    return assemble(
        folder, "Meta", config, tensors, tied=None, vocabulary=vocabulary, guesses=tuple(guesses)
    )


def _config(
    facts: dict[str, Any], shapes: dict[str, tuple[int, ...]], guesses: list[str]
) -> LlamaConfig:
    for name in ("tok_embeddings.weight", "layers.0.feed_forward.w1.weight"):
        if len(shapes.get(name, ())) != 2:
            raise ValueError(f"{WEIGHTS} holds no matrix {name}")
    for name in ("moe", "quantization_args", "vision_model", "lora_args"):
        if facts.get(name):
            raise ValueError(f"{PARAMS} has {name}, which is not implemented")
    missing = [name for name in ("dim", "n_layers", "n_heads", "norm_eps") if name not in facts]
    if missing:
        raise ValueError(f"{PARAMS} lacks {', '.join(missing)}, which a Llama needs")
    dim, theta = facts["dim"], facts.get("rope_theta", 10000.0)
    scaling, longest = None, 8192 if theta == 500000 else 4096
    if facts.get("use_scaled_rope"):
        stated = facts.get("rope_scaling_factor")
        factor = (32 if dim in LLAMA_3_2 else 8) if stated is None else stated
        scaling, longest = RopeScaling("llama3", factor), 131072
        if stated is None:
            guesses.append(f"{PARAMS} says use_scaled_rope and no factor: {factor} is taken")
    guesses.append(f"{PARAMS} says nothing of the longest context: {longest} tokens are taken")
    return LlamaConfig(
        vocab_size=shapes["tok_embeddings.weight"][0],
        dim=dim,
        n_layers=facts["n_layers"],
        n_heads=facts["n_heads"],
        n_kv_heads=facts.get("n_kv_heads") or facts["n_heads"],
        max_seq_len=facts.get("max_seq_len") or longest,
        layer_norm_eps=facts["norm_eps"],
        hidden_dim=shapes["layers.0.feed_forward.w1.weight"][0],
        rope_theta=theta,
        rope_scaling=scaling,
    )
