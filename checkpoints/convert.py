"""From one format to another: written, read back, and compared, tensor by tensor."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from checkpoints import not_numbers, read, watched
from checkpoints.contents import Checkpoint, LazyTensors, require_tensors
from checkpoints.tokenizer_files import find_vocabulary, saved_beside
from support.files import require_space

FORMATS = {"course": "pt", "huggingface": "huggingface", "llama2c": "llama2c", "gguf": "gguf"}
DTYPES = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "int8": torch.int8,
}
# Which of these a format holds; the first is what it is written in if nothing is asked for, and
# None keeps what the source has.
HELD: dict[str, tuple[str | None, ...]] = {
    "course": (None, "float32", "float16", "bfloat16"),
    "huggingface": (None, "float32", "float16", "bfloat16"),
    "llama2c": ("float32", "int8"),
    "gguf": ("float32", "float16", "int8"),
}
FLOAT16_ROUNDING = 2**-11  # relative
STEPS = 127  # of int8, from 0 to the largest weight of a group


def convert(
    source: Path,
    target: Path,
    format: str,
    dtype: str | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> Checkpoint:
    """Write a checkpoint in another format, its tokenizer with it, and compare the two.

    Args:
        format: course, huggingface, llama2c or gguf.
        dtype: float32, float16, bfloat16 or int8; None takes the format's own, see `HELD`.
        tell: is told what is wrong with the source and has been kept.

    Returns:
        What was written, read again.

    Raises:
        ValueError: the format does not hold this model, dtype or tokenizer; there is no room; or
            what was written differs from the source.
    """
    if format not in FORMATS:
        raise ValueError(f"--to {format}: must be one of {', '.join(FORMATS)}")
    if dtype is None:
        dtype = HELD[format][0]
    elif dtype not in HELD[format]:
        held = ", ".join(name for name in HELD[format] if name)
        raise ValueError(f"--dtype {dtype}: {format} holds {held}")
    if target.exists() and source.exists() and target.samefile(source):
        raise ValueError(f"{target}: is the source itself; give another name")
    not_finite: list[str] = []

    def found(name: str) -> None:
        not_finite.append(name)
        if dtype == "int8":
            raise ValueError(f"{not_numbers(source, not_finite)}; int8 cannot hold them")

    checkpoint = watched(read(source), found)
    require_whole(checkpoint)
    shapes, config = checkpoint.shapes, checkpoint.config
    config = replace(config, hidden_dim=shapes["layers.0.feed_forward.w1.weight"][0])
    weights = sum(torch.Size(shape).numel() for shape in shapes.values())
    wanted = torch.float32 if dtype is None else DTYPES[dtype]
    require_space(target.parent, wanted.itemsize * weights, f"writing {target}")
    vocabulary = find_vocabulary(checkpoint.path, checkpoint.vocabulary)
    with _counted(checkpoint, "writing") as tensors, ExitStack() as stack:
        module = importlib.import_module(f"checkpoints.{FORMATS[format]}")
        if format == "course":
            if vocabulary is not None:
                stack.enter_context(saved_beside(vocabulary, target))
            module.write(target, config, tensors, dtype=None if dtype is None else wanted)
        else:
            asked = None if dtype is None else wanted
            module.write(target, config, tensors, vocabulary=vocabulary, dtype=asked)
    written = read(target)
    with _counted(checkpoint, "comparing") as tensors:
        compare(tensors, written, wanted if dtype else None)
    if not_finite:
        tell(not_numbers(source, not_finite))
    return written


class _counted:
    """A checkpoint's tensors, with a bar that counts those that were made."""

    def __init__(self, checkpoint: Checkpoint, word: str) -> None:
        n = len(checkpoint.shapes)
        self.bar = tqdm(total=n, desc=word, unit=" tensors", leave=False, disable=None)
        self.tensors = LazyTensors(checkpoint.shapes, lambda name: self._make(checkpoint, name))

    def _make(self, checkpoint: Checkpoint, name: str) -> Tensor:
        self.bar.update()
        return checkpoint.tensors[name]

    def __enter__(self) -> LazyTensors:
        return self.tensors

    def __exit__(self, *error: Any) -> None:
        self.bar.close()


def require_whole(checkpoint: Checkpoint) -> None:
    """Raise a ValueError unless all tensors of a Llama are there, in the shapes that it says."""
    c = checkpoint.config
    query, key = c.n_heads * c.head_dim, c.n_kv_heads * c.head_dim
    first = checkpoint.shapes.get("layers.0.feed_forward.w1.weight", (0,))
    F = first[0] if c.hidden_dim is None else c.hidden_dim
    layer = {
        "attention_norm": (c.dim,),
        "attention.compute_query": (query, c.dim),
        "attention.compute_key": (key, c.dim),
        "attention.compute_value": (key, c.dim),
        "attention.compute_output": (c.dim, query),
        "ffn_norm": (c.dim,),
        "feed_forward.w1": (F, c.dim),
        "feed_forward.w2": (c.dim, F),
        "feed_forward.w3": (F, c.dim),
    }
    expected = {"tok_embeddings": (c.vocab_size, c.dim), "norm": (c.dim,)}
    if not c.tie_embeddings:
        expected["output"] = (c.vocab_size, c.dim)
    for i in range(c.n_layers):
        expected |= {f"layers.{i}.{name}": shape for name, shape in layer.items()}
    require_tensors(
        checkpoint,
        {f"{n}.weight": torch.empty(shape, device="meta") for n, shape in expected.items()},
    )


def compare(source: Mapping[str, Tensor], written: Checkpoint, dtype: torch.dtype | None) -> None:
    """Raise a ValueError that names the first tensor that is not what was to be written."""
    if source.keys() != written.tensors.keys():
        raise ValueError(f"{written.path}: does not hold the source's tensors")
    for name in source:
        ours, theirs = source[name], written.tensors[name].float()
        if dtype == torch.int8 and ours.ndim > 1:
            # Half a step, and of a scale that is kept in float16 as many roundings as steps.
            step = float(ours.abs().max()) / STEPS
            error = (ours.float() - theirs).abs().max()
            same = bool(error <= (0.501 + STEPS * FLOAT16_ROUNDING) * step)
        else:
            rounded = ours if dtype in (None, torch.int8) else ours.to(dtype)
            same = any(_equal(theirs, kept.float()) for kept in (ours, rounded))
        if not same:
            raise ValueError(f"{written.path}: {name} differs from the source after writing")


def _equal(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are the same, NaN being NaN."""
    return torch.equal(one, other) or torch.allclose(one, other, rtol=0, atol=0, equal_nan=True)
