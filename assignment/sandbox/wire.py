"""Arrays as bytes between the worker that runs a learner's code and whoever judges what comes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from assignment.arrays import Array

TYPES = {"b1", "u1", "i4", "i8", "f4", "f8"}  # what an array may consist of
LARGEST = 2**26  # bytes of one reply


def pack(arrays: Mapping[str, Any]) -> tuple[list[Any], bytes]:
    """Arrays as a description (name, type, shape) and their bytes."""
    plain = {name: np.array(x, order="C") for name, x in arrays.items()}
    about = [[name, x.dtype.str.lstrip("<|"), list(x.shape)] for name, x in plain.items()]
    return about, b"".join(x.tobytes() for x in plain.values())


def size(kind: Any, shape: Any) -> int:
    """Bytes of an array as it is described; raises a ValueError where that describes none."""
    if not isinstance(kind, str) or kind not in TYPES:
        raise ValueError(f"an array of type {str(kind)[:20]!r}: only numbers and truth values")
    if not isinstance(shape, list) or len(shape) > 8:
        raise ValueError("a shape that is none")
    if not all(type(n) is int and 0 <= n <= 2**31 for n in shape):
        raise ValueError("a shape that is none")
    return math.prod(shape, start=np.dtype(kind).itemsize)


def unpack(about: Any, data: bytes) -> dict[str, Array]:
    """Arrays back from `pack`; trusts nothing that it reads.

    Raises:
        ValueError: not such a description, an unknown type, or another number of bytes.
    """
    arrays, start = {}, 0
    if not isinstance(about, list):
        raise ValueError("not a list of arrays")
    for entry in about:
        if not (isinstance(entry, list) and len(entry) == 3):
            raise ValueError("not a description of an array")
        name, kind, shape = entry
        if not isinstance(name, str):
            raise ValueError("an array without a name: only numbers and truth values that have one")
        length = size(kind, shape)
        if start + length > len(data):
            raise ValueError("fewer bytes than announced")
        # A copy, since `data` cannot be written to
        arrays[name] = np.frombuffer(data[start : start + length], kind).reshape(shape).copy()
        start += length
    if start != len(data):
        raise ValueError("more bytes than announced")
    return arrays
