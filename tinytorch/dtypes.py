"""The types of elements, and what two of them make together, by torch's rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class dtype:
    """A type of element; `torch.float32` and its like are of this class."""

    name: str
    numpy: np.dtype
    category: int  # 0 truth values, 1 integers, 2 floats: a higher one wins

    @property
    def is_floating_point(self) -> bool:
        return self.category == 2

    @property
    def itemsize(self) -> int:
        return self.numpy.itemsize

    def __repr__(self) -> str:
        return f"tinytorch.{self.name}"


float32 = dtype("float32", np.dtype("float32"), 2)
float64 = dtype("float64", np.dtype("float64"), 2)
int64 = dtype("int64", np.dtype("int64"), 1)
int32 = dtype("int32", np.dtype("int32"), 1)  # of `x.int()`
boolean = dtype("bool", np.dtype("bool"), 0)

ALL = {kind.numpy: kind for kind in (float32, float64, int64, int32, boolean)}
DEFAULT = float32
OF_NUMBERS = {bool: boolean, int: int64, float: DEFAULT}


def of_array(array: np.ndarray) -> dtype:
    """Raises a TypeError where there is no such type here."""
    if array.dtype not in ALL:
        known = ", ".join(kind.name for kind in ALL.values())
        raise TypeError(f"elements of type {array.dtype}: TinyTorch has {known}; convert them")
    return ALL[array.dtype]


def promote_types(one: dtype, other: dtype) -> dtype:
    """The type that holds both: the higher category's, and of two in one category the wider.

    NumPy would make float64 of int64 and float32, since integers need the room; a network would
    then be twice as large for an index that was added somewhere.
    """
    if one.category != other.category:
        return max(one, other, key=lambda kind: kind.category)
    return max(one, other, key=lambda kind: kind.itemsize)


def result_type(operands: Iterable[tuple[Any, int]]) -> dtype:
    """What an operation on several computes in.

    Tensors with axes decide; one without, and then a plain number, only where its category is
    higher. So 2.5 times a float32 tensor is float32, and times an int64 one, too.

    Args:
        operands: the dtype of each, and its rank: 2 with axes, 1 without, 0 a number of Python's.
    """
    found: list[dtype | None] = [None, None, None]
    for kind, rank in operands:
        before = found[rank]
        found[rank] = kind if before is None else promote_types(before, kind)
    result: dtype | None = None
    for candidate in reversed(found):
        if candidate is not None and (result is None or candidate.category > result.category):
            result = candidate
    assert result is not None
    return result
