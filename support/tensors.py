"""Files of tensors and plain data: written whole or not at all, read without running anything."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from support.files import atomic_path, require_space
from support.words import size_in_words

# What a pickle of a numpy number is made of, beside its bytes: nothing that runs code.
_SCALAR = np.float64(0).__reduce__()[0]
NUMPY_SCALARS: list[Any] = [
    np.dtype,
    *((_SCALAR, f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")),
    *(type(np.dtype(kind)) for kind in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "?")),
]


def save_tensors(path: Path, contents: Mapping[str, Any], remedy: str = "make room") -> None:
    """Write tensors and plain data atomically, after a look at the room on the disk.

    Raises:
        ValueError: there is no room, or the disk refused; what the file held before is untouched.
    """
    size = content_bytes(contents)
    require_space(path.parent, size + 1_000_000, f"writing {path}", remedy)
    try:
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            torch.save(contents, file)
    except (OSError, RuntimeError) as error:  # torch reports a full disk as a RuntimeError
        raise ValueError(
            f"{path}: could not be written ({size_in_words(size)}): the disk is full or failing; "
            f"{remedy}"
        ) from error


def load_tensors(path: Path, remedy: str, mmap: bool = False) -> dict[str, Any]:
    """Read what `save_tensors` wrote, onto the CPU.

    Raises:
        ValueError: the file is missing or damaged; `remedy` says what to do.
    """
    try:
        return unpickle(path, mmap)
    except FileNotFoundError as error:
        raise ValueError(f"{path}: no such file; {remedy}") from error
    except Exception as error:  # torch raises a dozen types on damaged files
        raise ValueError(f"{path}: truncated or corrupt; {remedy}") from error


def unpickle(path: Path, mmap: bool) -> Any:
    """torch.load of plain data and tensors, whose warnings an error says better."""
    with warnings.catch_warnings(), torch.serialization.safe_globals(NUMPY_SCALARS):
        warnings.simplefilter("ignore", UserWarning)
        return torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)


def content_bytes(contents: Any) -> int:
    """The size of all tensors in nested dicts and lists, each storage once."""
    storages: dict[int, int] = {}

    def visit(value: Any) -> None:
        if isinstance(value, Tensor):
            storages[value.data_ptr()] = value.nbytes
        elif isinstance(value, Mapping):
            for part in value.values():
                visit(part)
        elif isinstance(value, list | tuple):
            for part in value:
                visit(part)

    visit(contents)
    return sum(storages.values())
