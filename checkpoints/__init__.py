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

from torch import Tensor

from checkpoints.contents import BytePairVocabulary, Checkpoint, require_layers, require_tensors
from config import LlamaConfig

__all__ = [
    "BytePairVocabulary",
    "Checkpoint",
    "read",
    "require_layers",
    "require_tensors",
    "write",
]

# First bytes of a file -> the module of this folder that reads it, imported when it is met.
FORMATS = {
    b"PK\x03\x04": "checkpoints.pt",  # torch.save since 1.6: a zip archive
    b"\x80": "checkpoints.pt",  # torch.save before 1.6, or any other pickle: refused by name
    b"GGUF": "checkpoints.gguf",
}


def read(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a checkpoint of any known format.

    Raises:
        ValueError: the file is missing, empty, damaged, of an unknown format or of another
            architecture, or its reader needs a package that is not installed.
    """
    path = Path(path)
    if not path.exists():
        raise ValueError(f"{path}: no such checkpoint")
    if path.is_dir():
        raise ValueError(f"{path}: is a folder; give the checkpoint file in it")
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise ValueError(f"{path}: the file is empty; fetch or convert it again")
    for magic, module in FORMATS.items():
        if start.startswith(magic):
            return importlib.import_module(module).read(path)
    raise ValueError(
        f"{path}: neither a PyTorch checkpoint nor GGUF (it begins with {start!r}); "
        "fetch or convert it again"
    )


def write(path: str | os.PathLike[str], config: LlamaConfig, tensors: Mapping[str, Tensor]) -> None:
    """Write the course's `.pt`, atomically; see `checkpoints.pt.write`."""
    importlib.import_module("checkpoints.pt").write(Path(path), config, tensors)
