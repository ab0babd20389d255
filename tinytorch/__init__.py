"""TinyTorch: a small torch, made to be read, on which this project's Llama runs.

    value.py        the scalar engine: all of automatic differentiation on two screens
    layout.py       storage, strides and views
    dtypes.py       types of elements, and what two of them make together
    operations.py   the one table: each operation beside its derivatives
    autograd.py     what is taken down, and the walk back
    tensor.py       the tensor: a layout over a storage, and the operation that made it
    drawing.py      pictures of graphs, and backward one step at a time
    printing.py     tensors side by side

That is the core. Beside it: creation.py and random.py (tensors of data and of chance), nn/ and
optim.py (as far as the taught files use torch's), and stand_in.py, through which `llama.py` takes
this package for torch.

>>> x = tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
>>> (x @ x.T).sum().backward()
>>> x.grad
tensor([[ 8., 12.],
        [ 8., 12.]])
"""

# ruff: noqa: F401 - these names are what `import torch` gives
from __future__ import annotations

from typing import Any

import numpy as np

from tinytorch import autograd, nn, optim, random
from tinytorch.autograd import (
    enable_grad,
    gradcheck,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)
from tinytorch.creation import (
    arange,
    empty,
    empty_like,
    eye,
    from_numpy,
    full,
    full_like,
    linspace,
    multinomial,
    ones,
    ones_like,
    rand,
    rand_like,
    randint,
    randn,
    randn_like,
    randperm,
    tensor,
    zeros,
    zeros_like,
)
from tinytorch.drawing import draw, steps
from tinytorch.dtypes import boolean as bool
from tinytorch.dtypes import dtype, float32, float64, int32, int64, promote_types
from tinytorch.layout import Refused, device
from tinytorch.missing import no_such_name
from tinytorch.operations import TABLE
from tinytorch.printing import hprt, vprt
from tinytorch.random import Generator, manual_seed
from tinytorch.tensor import Tensor, call, method
from tinytorch.value import Value

inf, nan, pi = np.inf, np.nan, np.pi
float, double, long, int = float32, float64, int64, int32
inference_mode = no_grad

# Functions that are methods as well: each row of the table, and what the class makes of them.
for _row in TABLE.values():
    if not _row.view:
        globals()[_row.name] = method(call, _row, _row.name)
for _name in (
    *("chunk", "flatten", "flip", "matmul", "max", "min", "narrow", "permute", "reshape"),
    *("sort", "split", "squeeze", "std", "t", "topk", "transpose", "unbind", "unsqueeze", "var"),
):
    globals()[_name] = getattr(Tensor, _name)
embedding = nn.functional.embedding


def is_tensor(value: Any) -> Any:
    """Whether it is one of ours."""
    return isinstance(value, Tensor)


def is_floating_point(input: Tensor) -> Any:
    return input.is_floating_point()


def equal(one: Tensor, other: Tensor) -> Any:
    """Whether shapes and elements are the same."""
    return one.shape == other.shape and np.array_equal(one.array, other.array)


def allclose(one: Tensor, other: Tensor, rtol: Any = 1e-5, atol: Any = 1e-8) -> Any:
    """Whether all elements are nearly the same."""
    return np.allclose(one.array, other.array, rtol, atol)


def __getattr__(name: str) -> Any:
    no_such_name("torch", name, globals())
