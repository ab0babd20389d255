"""Reading and writing weights: one file for each format, recognised from its first bytes.

`read(path)` gives configuration, tensors under this project's names, and what the file says of
its tokenizer, as plain data; `write` stores the course's `.pt`. What a model or a tokenizer makes
of it is their business (`llama.load_pretrained`, `tokenizer.load_tokenizer`).
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from checkpoints.contents import (
    Checkpoint,
    not_numbers,
    require_layers,
    require_tensors,
    watched,
)
from checkpoints.vocabulary import BytePairVocabulary
from config import LlamaConfig

HEADER = 256  # bytes by which a file is recognised

__all__ = [
    "BytePairVocabulary",
    "Checkpoint",
    "not_numbers",
    "read",
    "require_layers",
    "require_tensors",
    "watched",
    "write",
]

# First bytes of a file -> the module of this folder that reads it, imported when it is met.
FORMATS = {
    b"PK\x03\x04": "pt",  # torch.save since 1.6: a zip archive
    b"\x80": "pt",  # a bare pickle, as of torch.save before 1.6: refused by name
    b"GGUF": "gguf",
    b"24ka": "llama2c",  # of version 0 the size tells
}
# A file in a folder -> the module that reads such folders.
FOLDERS = {"params.json": "meta", "config.json": "huggingface"}


def read(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a checkpoint of any known format: a file, or a folder of Hugging Face's or Meta's.

    Raises:
        ValueError: the file is missing, empty, damaged, of an unknown format or of another
            architecture, or its reader needs a package that is not installed.
    """
    path = Path(path)
    if not path.exists():
        raise ValueError(f"{path}: no such checkpoint")
    if path.is_dir() or path.name in FOLDERS:
        folder = path if path.is_dir() else path.parent
        return _module(_of_folder(folder)).read(folder)
    with path.open("rb") as file:
        start = file.read(HEADER)
    if not start:
        raise ValueError(f"{path}: the file is empty; fetch or convert it again")
    if path.name.startswith("consolidated.") and path.suffix == ".pth":
        return _module("meta").read(path)
    if path.name.endswith(".safetensors"):
        return _module("huggingface").read(path)
    if path.name.endswith(".safetensors.index.json"):
        return _module("huggingface").read(path.parent)
    for magic, module in FORMATS.items():
        if start.startswith(magic):
            return _module(module).read(path)
    if (llama2c := _module("llama2c")).fits(path, start):
        return llama2c.read(path)
    raise ValueError(
        f"{path}: no checkpoint of PyTorch, GGUF, safetensors or llama2.c (it begins with "
        f"{start[:4]!r}); fetch or convert it again"
    )


def _of_folder(folder: Path) -> str:
    for name, module in FOLDERS.items():
        if (folder / name).exists():
            return module
    raise ValueError(
        f"{folder}: is a folder without {' and '.join(FOLDERS)}: give the checkpoint file in it"
    )


def _module(name: str) -> Any:
    return importlib.import_module(f"checkpoints.{name}")


def write(path: str | os.PathLike[str], config: LlamaConfig, tensors: Mapping[str, Tensor]) -> None:
    """Write the course's `.pt`, atomically; see `checkpoints.pt.write`."""
    _module("pt").write(Path(path), config, tensors)
