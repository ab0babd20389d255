"""Methods of a tensor that are made of others: of the views, the table's rows, and `x[...] = y`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tinytorch import dtypes
from tinytorch.layout import Refused, axis
from tinytorch.random import DEFAULT

Tensor = Any  # tensor.py builds its class on the one below


class Pair(NamedTuple):
    """What `max`, `min`, `sort` and `topk` give: elements, and where they stood."""

    values: Tensor
    indices: Tensor


class Derived:
    """What torch's tensors have besides; `tensor.Tensor` inherits it."""

    if TYPE_CHECKING:  # the rest is `Tensor`'s

        def __getattr__(self, name: str) -> Any: ...
        def __getitem__(self, key: Any) -> Tensor: ...
        def __setitem__(self, key: Any, value: Any) -> None: ...

    # Views

    def reshape(self, *size: Any) -> Tensor:
        """A view where there is one, else a copy."""
        try:
            return self.view(*size)
        except Refused:
            return self.contiguous().view(*size)

    def contiguous(self) -> Tensor:
        """Itself, or a copy whose elements lie row by row."""
        return self if self.is_contiguous() else self.clone()

    def transpose(self, dim0: int, dim1: int) -> Tensor:
        """Two axes exchanged."""
        dims = list(range(self.ndim))
        one, other = axis(dim0, self.ndim), axis(dim1, self.ndim)
        dims[one], dims[other] = other, one
        return self.permute(dims)

    def t(self) -> Tensor:
        return self.transpose(0, 1) if self.ndim == 2 else self

    @property
    def T(self) -> Tensor:
        return self.permute(range(self.ndim)[::-1])

    @property
    def mT(self) -> Tensor:
        return self.transpose(-2, -1)

    def expand_as(self, other: Tensor) -> Tensor:
        return self.expand(other.shape)

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Tensor:
        """Several axes as one."""
        if not self.ndim:
            return self.reshape(1)
        start, end = axis(start_dim, self.ndim), axis(end_dim, self.ndim)
        joint = math.prod(self.shape[start : end + 1])
        return self.reshape(*self.shape[:start], joint, *self.shape[end + 1 :])

    def unsqueeze(self, dim: int) -> Tensor:
        """A new axis of size 1."""
        return self[(slice(None),) * axis(dim, self.ndim + 1) + (None,)]

    def squeeze(self, dim: int | None = None) -> Tensor:
        """Without an axis of size 1, or all of them."""
        dims = range(self.ndim) if dim is None else (axis(dim, max(self.ndim, 1)),)
        return self[tuple(0 if d in dims and n == 1 else slice(None) for d, n in
                          enumerate(self.shape))]  # fmt: skip

    def select(self, dim: int, index: int) -> Tensor:
        return self[(slice(None),) * axis(dim, self.ndim) + (index,)]

    def narrow(self, dim: int, start: int, length: int) -> Tensor:
        """So many elements of an axis, from a start on."""
        size = self.shape[dim]
        start = start + size if start < 0 else start
        if not 0 <= start <= start + length <= size:
            raise Refused(f"narrow: {start} to {start + length}: axis {dim} has {size} elements")
        return self[(slice(None),) * axis(dim, self.ndim) + (slice(start, start + length),)]

    def split(self, size: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
        """Parts of so many elements along an axis, each a view; the last may be smaller."""
        length = self.shape[dim]
        if isinstance(size, int):
            size = [min(size, length - at) for at in range(0, length, size)] or [0]
        if sum(size) != length:
            raise Refused(f"split into {list(size)}: axis {dim} of shape {self.shape} has {length}")
        starts = np.cumsum([0, *size])
        return tuple(self.narrow(dim, int(at), n) for at, n in zip(starts, size, strict=False))

    def chunk(self, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
        return self.split(-(-self.shape[dim] // chunks) or 1, dim)

    def unbind(self, dim: int = 0) -> tuple[Tensor, ...]:
        return tuple(self.select(dim, i) for i in range(self.shape[dim]))

    # Reductions that also say where

    def max(self, dim: Any = None, keepdim: bool = False) -> Any:
        """The greatest of all; along an axis also where it is; of two tensors the greater."""
        return self._extreme("max", dim, keepdim)

    def min(self, dim: Any = None, keepdim: bool = False) -> Any:
        """The least of all; along an axis also where it is; of two tensors the lesser."""
        return self._extreme("min", dim, keepdim)

    def _extreme(self, name: str, dim: Any, keepdim: bool) -> Any:
        if dim is None:
            return getattr(self, f"a{name}")()
        if not isinstance(dim, int):
            return getattr(self, f"{name}imum")(dim)
        indices = getattr(self, f"arg{name}")(dim=dim, keepdim=True)
        values = self.gather(dim, indices)
        return Pair(*(t if keepdim else t.squeeze(dim) for t in (values, indices)))

    def sort(self, dim: int = -1, descending: bool = False, stable: bool = True) -> Pair:
        """In order along an axis; equal elements stay in theirs."""
        indices = self.argsort(dim=dim, descending=descending)
        return Pair(self.gather(dim, indices), indices)

    def topk(self, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Pair:
        """The k greatest along an axis, the greatest first."""
        if not 0 <= k <= self.shape[dim]:
            raise Refused(f"topk: k={k}: axis {dim} of shape {self.shape} has {self.shape[dim]}")
        indices = self.argsort(dim=dim, descending=largest).narrow(dim, 0, k).contiguous()
        return Pair(self.gather(dim, indices), indices)

    def var(self, dim: Any = None, correction: int = 1, keepdim: bool = False) -> Tensor:
        """The mean squared distance from the mean, of one sample less (`correction`)."""
        spread = (self - self.mean(dim=dim, keepdim=True)).pow(2).sum(dim=dim, keepdim=keepdim)
        return spread / max(self.numel() // max(spread.numel(), 1) - correction, 0)

    def std(self, dim: Any = None, correction: int = 1, keepdim: bool = False) -> Tensor:
        apart = self - self.mean(dim=dim, keepdim=True)
        spread = apart.norm(dim=dim, keepdim=keepdim)  # at 0, where a root has no slope, it has one
        return spread / max(self.numel() // max(spread.numel(), 1) - correction, 0) ** 0.5

    # Types

    def type_as(self, other: Tensor) -> Tensor:
        return self.to(other.dtype)

    def cpu(self) -> Tensor:
        return self

    # Filling

    def fill_(self, value: Any) -> Tensor:
        self[...] = value
        return self

    def zero_(self) -> Tensor:
        return self.fill_(0)

    def copy_(self, other: Tensor) -> Tensor:
        """Another's numbers, broadcast, in this one's type."""
        self[...] = other
        return self

    def uniform_(self, low: Any = 0.0, high: Any = 1.0, generator: Any = None) -> Tensor:
        return self._filled(lambda source: source.uniform(low, high, self.shape), generator)

    def normal_(self, mean: Any = 0.0, std: Any = 1.0, generator: Any = None) -> Tensor:
        return self._filled(lambda source: source.normal(mean, std, self.shape), generator)

    def _filled(self, draw: Callable[[np.random.Generator], np.ndarray], generator: Any) -> Tensor:
        if not self.storage.meta:  # there is nothing to fill, nor any number drawn
            self[...] = draw((generator or DEFAULT).source)
        return self


def conversion(kind: dtypes.dtype) -> Callable[[Tensor], Tensor]:
    return lambda self: self.to(kind)


for name, kind in (("float", dtypes.float32), ("double", dtypes.float64), ("long", dtypes.int64),
                   ("int", dtypes.int32), ("bool", dtypes.boolean)):  # fmt: skip
    setattr(Derived, name, conversion(kind))
