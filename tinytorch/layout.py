"""Storage and views: one flat run of numbers, and the ways in which tensors look at it.

Twelve numbers lie in a row, and the layout says which of them is element (i, j):

    storage    0 1 2 3 4 5 6 7 8 9 10 11

    shape (3, 4), strides (4, 1), offset 0        element (i, j) is number 4 i + 1 j
    its transpose: (4, 3), strides (1, 4)         the same numbers, read in another order
    its column 2: (3,), strides (4,), offset 2    2 6 10
    every other row, (2, 4), strides (8, 1)       0 1 2 3, 8 9 10 11

None of these copies a number: they are *views*, and what is written through one shows in all.
What no strides can describe has to be copied first (the transpose as a row of twelve, for one).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import EllipsisType
from typing import NamedTuple

import numpy as np


class Refused(ValueError, RuntimeError):
    """What cannot be; torch raises a RuntimeError there, and this project a ValueError."""


Basic = int | slice | EllipsisType | None  # what an index can be without copying


class Storage:
    """A flat run of numbers that any number of tensors look at."""

    __slots__ = ("buffer", "earlier", "meta", "rewritten", "version")

    def __init__(self, buffer: np.ndarray, meta: bool = False) -> None:
        self.buffer = buffer  # (elements,)
        self.meta = meta  # whether it is empty, and stands for one of any size
        self.version = 0  # changes in place so far
        self.rewritten = 0  # the last of them that autograd has taken down
        self.earlier = 0  # and the last but one


@dataclass(frozen=True)
class device:
    """Where numbers lie: "cpu", or "meta" for shapes without any. In a `with`, of new tensors."""

    type: str

    def __post_init__(self) -> None:
        if isinstance(self.type, device):
            object.__setattr__(self, "type", self.type.type)
        if self.type not in ("cpu", "meta"):
            raise Refused(f"device {self.type!r}: TinyTorch computes on the cpu alone")

    def __enter__(self) -> None:
        CURRENT.append(self)

    def __exit__(self, *_: object) -> None:
        CURRENT.pop()


class Layout(NamedTuple):
    """Where the elements of a tensor lie in its storage."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]  # of each axis: how many numbers on lies the next element
    offset: int = 0  # of the first element

    @classmethod
    def contiguous(cls, shape: Sequence[int]) -> Layout:
        """Row by row, without gaps: the last axis has stride 1."""
        return cls(tuple(shape), strides_of(tuple(shape)))

    @property
    def numel(self) -> int:
        return math.prod(self.shape)

    @property
    def is_contiguous(self) -> bool:
        """Whether the elements lie row by row without gaps; where an axis has one, it has none."""
        usual = strides_of(self.shape)
        rows = zip(self.shape, self.strides, usual, strict=True)
        return self.numel == 0 or all(size == 1 or own == step for size, own, step in rows)

    @property
    def overlaps_itself(self) -> bool:
        """Whether two elements are one number (as after `expand`), so that none can be written."""
        return any(step == 0 and n > 1 for n, step in zip(self.shape, self.strides, strict=True))

    def window(self, buffer: np.ndarray) -> np.ndarray:
        """The elements as NumPy reads them: its arithmetic runs on this."""
        if 0 in self.shape:
            return np.empty(self.shape, buffer.dtype)
        size = buffer.itemsize
        strides = tuple([step * size for step in self.strides])
        return np.ndarray(self.shape, buffer.dtype, buffer, self.offset * size, strides)

    def permute(self, dims: Sequence[int]) -> Layout:
        """The axes in another order."""
        order = [axis(dim, len(self.shape)) for dim in dims]
        if sorted(order) != list(range(len(self.shape))):
            raise IndexError(f"permute{tuple(dims)} of shape {self.shape}: name each axis once")
        return Layout(
            tuple([self.shape[dim] for dim in order]),
            tuple([self.strides[dim] for dim in order]),
            self.offset,
        )

    def expand(self, shape: Sequence[int]) -> Layout:
        """Axes of size 1 as often as asked for, with a stride of 0: the same number each time."""
        new = len(shape) - len(self.shape)
        own = (1,) * new + self.shape
        steps = (0,) * new + self.strides
        if new < 0 or any(b not in (-1, a) and a != 1 for a, b in zip(own, shape, strict=True)):
            raise Refused(f"shape {self.shape} cannot be expanded to {tuple(shape)}: only axes of "
                          "size 1 can, and new ones in front")  # fmt: skip
        sizes = tuple([a if b == -1 else b for a, b in zip(own, shape, strict=True)])
        strides = [0 if a != b else step for a, b, step in zip(own, sizes, steps, strict=True)]
        return Layout(sizes, tuple(strides), self.offset)

    def view(self, shape: Sequence[int]) -> Layout:
        """The same elements, in the same order, under another shape.

        Old axes between which no gap lies are one run (the rows of a matrix, say). New axes divide
        the runs; one that would reach from a run into the next has no single stride.

        Raises:
            Refused: another number of elements, or such an axis.
        """
        shape = filled(shape, self)
        if self.numel == 0:
            return Layout(shape, strides_of(shape), self.offset)
        runs: list[tuple[int, int]] = []  # elements, and from each to the next
        for size, step in zip(self.shape, self.strides, strict=True):
            if runs and runs[-1][1] == size * step:
                runs[-1] = (runs[-1][0] * size, step)
            elif size != 1:
                runs.append((size, step))
        strides, waiting, left, step = [], iter(runs), 1, 1
        for size in shape:
            if left == 1:  # the run is used up
                left, step = next(waiting, (1, step))
            if left % size:
                raise Refused(f"shape {self.shape} with strides {self.strides} cannot be viewed as "
                              f"{shape}: take reshape, which copies")  # fmt: skip
            left //= size
            strides.append(left * step)
        return Layout(shape, tuple(strides), self.offset)

    def at(self, key: Sequence[Basic]) -> Layout:
        """Where `x[key]` lies: an integer drops its axis, a slice keeps it, None makes one."""
        shape, strides, offset, dim = [], [], self.offset, 0
        for item in spelled_out(key, self.shape):
            if item is None:
                shape.append(1)
                strides.append(0)
                continue
            size, step = self.shape[dim], self.strides[dim]
            dim += 1
            if isinstance(item, slice):
                taken = range(size)[item]
                shape.append(len(taken))
                strides.append(step * taken.step)
                offset += step * taken.start if taken else 0
            elif -size <= item < size:
                offset += step * (item % size)
            else:
                raise IndexError(f"index {item} for axis {dim - 1} of shape {self.shape}")
        return Layout(tuple(shape), tuple(strides), offset)


@lru_cache(10_000)
def strides_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Of elements that lie row by row: an axis steps over all that those behind it hold."""
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))


def spelled_out(key: Sequence[Basic], shape: tuple[int, ...]) -> list[int | slice | None]:
    """A key that has an item for each axis: `...` stands for as many `:` as are missing."""
    named = sum(item is not None and item is not Ellipsis for item in key)
    missing = [slice(None)] * (len(shape) - named)
    if named > len(shape) or list(map(type, key)).count(EllipsisType) > 1:
        raise IndexError(f"{named} indices for a tensor of shape {shape}")
    if Ellipsis not in key:
        key = (*key, Ellipsis)
    at = key.index(Ellipsis)
    return [*key[:at], *missing, *key[at + 1 :]]  # type: ignore[list-item]


def filled(shape: Sequence[int], old: Layout) -> tuple[int, ...]:
    """A shape for the elements of another one, with the size that -1 stands for."""
    known = math.prod(size for size in shape if size != -1)
    if -1 in shape and known and old.numel % known == 0:
        shape = [old.numel // known if size == -1 else size for size in shape]
    if math.prod(shape) != old.numel or min(shape, default=0) < 0:
        raise Refused(f"shape {old.shape} has {old.numel} elements, {tuple(shape)} another number")
    return tuple(shape)


def axis(dim: int, ndim: int) -> int:
    """An axis counted from the front, however it was named."""
    if not -ndim <= dim < ndim:
        raise IndexError(f"axis {dim} of a tensor that has {ndim}: from {-ndim} to {ndim - 1}")
    return dim % ndim


CURRENT = [device("cpu")]  # the last is where new tensors go
