"""What a tensor is to Python and to NumPy: a number, a sequence, an array, a text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from tinytorch import dtypes
from tinytorch.layout import Refused


class PythonSide:
    """`tensor.Tensor` inherits it, and has the array."""

    if TYPE_CHECKING:  # the rest is `Tensor`'s

        def __getattr__(self, name: str) -> Any: ...

    def item(self) -> Any:
        if self.numel() != 1:
            raise Refused(f"item of shape {self.shape}: only one element is a number of Python's")
        return self.array.item()

    def tolist(self) -> Any:
        return self.array.tolist()

    def numpy(self) -> np.ndarray:
        """The array that this looks at: what is written into it shows here."""
        if self.requires_grad:
            raise Refused("numpy() of a tensor that wants a gradient: take .detach().numpy()")
        return self.array

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.array(self.numpy(), dtype) if dtype or copy else self.numpy()

    def __bool__(self) -> bool:
        if self.numel() != 1:
            raise Refused(f"the truth of shape {self.shape}: ask .any() or .all()")
        return self.array.item() != 0

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("a tensor without axes has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.unbind())

    def __int__(self) -> int:
        return int(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __index__(self) -> int:
        if self.dtype.is_floating_point:
            raise TypeError("only a tensor of one integer is an index")
        return int(self.item())

    def __contains__(self, element: Any) -> bool:
        return bool((self == element).any())

    def __format__(self, form: str) -> str:
        return format(self.item(), form) if form else str(self)

    def __repr__(self) -> str:
        if self.storage.meta:
            return f"tensor(..., device='meta', shape={self.shape}, dtype={self.dtype})"
        body = np.array2string(self.array, precision=4, separator=", ", prefix="tensor(")
        usual = (dtypes.float32, dtypes.int64, dtypes.boolean)
        notes = [] if self.dtype in usual else [f"dtype={self.dtype}"]
        if self.node is not None:
            notes.append(f"grad_fn=<{self.node.operation.name}>")
        elif self.requires_grad:
            notes.append("requires_grad=True")
        return f"tensor({', '.join([body, *notes])})"
