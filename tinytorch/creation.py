"""Tensors made of data, of a shape, or of chance; under torch's names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinytorch import dtypes
from tinytorch.dtypes import dtype
from tinytorch.layout import CURRENT, Layout, Refused, Storage, device
from tinytorch.random import DEFAULT, Generator
from tinytorch.tensor import Tensor, from_array, sizes


def tensor(data: Any, dtype: dtype | None = None, device: Any = None, requires_grad: bool = False
           ) -> Tensor:  # fmt: skip
    """A tensor of numbers, of nested lists of them, or of an array, which is copied.

    Without a dtype: floats are float32, integers int64; an array keeps its own.
    """
    if isinstance(data, Tensor):
        data = data.detach().array
    keeps = isinstance(data, np.ndarray | np.generic)
    array = np.array(data if keeps else plain(data))
    if dtype is None and array.dtype == np.float64 and not keeps:
        dtype = dtypes.DEFAULT
    if dtype is not None:
        array = array.astype(dtype.numpy)
    dtypes.of_array(array)  # or an error that says which there are
    return on_device(from_array(array), device, requires_grad)


def plain(data: Any) -> Any:
    """Nested lists without the tensors of one number that may be in them."""
    if isinstance(data, Tensor):
        return data.tolist()
    return [plain(part) for part in data] if isinstance(data, list | tuple) else data


def from_numpy(array: np.ndarray) -> Tensor:
    """A tensor over an array's own memory: what is written into one shows in the other."""
    dtypes.of_array(array)
    if not array.flags.c_contiguous:
        raise Refused("from_numpy of an array with gaps: take np.ascontiguousarray first")
    return Tensor(Storage(array.reshape(-1)), Layout.contiguous(array.shape))


def on_device(result: Tensor, where: Any, requires_grad: bool) -> Tensor:
    """A new tensor on its device, wanting a gradient or not."""
    result = result.to(device(where) if where is not None else CURRENT[-1])
    return result.requires_grad_(requires_grad) if requires_grad else result


def made(shape: Sequence[Any], fill: Any, kind: dtype | None, where: Any, requires_grad: bool
         ) -> Tensor:  # fmt: skip
    """A tensor of a shape; `fill` makes the array of shape and dtype, unless it is for meta."""
    shape, kind = sizes(shape), kind or dtypes.DEFAULT
    if min(shape, default=0) < 0:
        raise Refused(f"shape {shape}: sizes must be at least 0")
    place = device(where) if where is not None else CURRENT[-1]
    if place.type == "meta":
        result = Tensor(Storage(np.empty(0, kind.numpy), meta=True), Layout.contiguous(shape))
    else:
        result = from_array(np.asarray(fill(shape, kind.numpy), kind.numpy))
    return result.requires_grad_(requires_grad) if requires_grad else result


def zeros(*size: Any, dtype: dtype | None = None, device: Any = None, requires_grad: bool = False
          ) -> Tensor:  # fmt: skip
    return made(size, np.zeros, dtype, device, requires_grad)


def ones(*size: Any, dtype: dtype | None = None, device: Any = None, requires_grad: bool = False
         ) -> Tensor:  # fmt: skip
    return made(size, np.ones, dtype, device, requires_grad)


def empty(*size: Any, dtype: dtype | None = None, device: Any = None, requires_grad: bool = False
          ) -> Tensor:  # fmt: skip
    """Of whatever the memory held."""
    return made(size, np.empty, dtype, device, requires_grad)


def full(size: Any, fill_value: Any, dtype: dtype | None = None, device: Any = None,
         requires_grad: bool = False) -> Tensor:  # fmt: skip
    value = fill_value.item() if isinstance(fill_value, Tensor | np.generic) else fill_value
    kind = dtype or dtypes.OF_NUMBERS[type(value)]
    return made((size,), lambda shape, k: np.full(shape, value, k), kind, device, requires_grad)


def like(x: Tensor, function: Any, dtype: dtype | None, device: Any, requires_grad: bool) -> Tensor:
    where = x.device if device is None else device
    return made((x.shape,), function, dtype or x.dtype, where, requires_grad)


def zeros_like(input: Tensor, dtype: dtype | None = None, device: Any = None,
               requires_grad: bool = False) -> Tensor:  # fmt: skip
    return like(input, np.zeros, dtype, device, requires_grad)


def ones_like(input: Tensor, dtype: dtype | None = None, device: Any = None,
              requires_grad: bool = False) -> Tensor:  # fmt: skip
    return like(input, np.ones, dtype, device, requires_grad)


def empty_like(input: Tensor, dtype: dtype | None = None, device: Any = None,
               requires_grad: bool = False) -> Tensor:  # fmt: skip
    return like(input, np.empty, dtype, device, requires_grad)


def full_like(input: Tensor, fill_value: Any, dtype: dtype | None = None, device: Any = None,
              requires_grad: bool = False) -> Tensor:  # fmt: skip
    return like(input, lambda shape, k: np.full(shape, fill_value, k), dtype, device, requires_grad)


def arange(*bounds: Any, dtype: dtype | None = None, device: Any = None,
           requires_grad: bool = False) -> Tensor:  # fmt: skip
    """From a start (0) up to an end, without it, by a step (1): arange([start,] end [, step])."""
    bounds = tuple(b.item() if isinstance(b, Tensor) else b for b in bounds)
    if dtype is None and any(isinstance(bound, float) for bound in bounds):
        dtype = dtypes.DEFAULT
    array = np.arange(*bounds).astype((dtype or dtypes.int64).numpy)
    return on_device(from_array(array), device, requires_grad)


def linspace(start: float, end: float, steps: int, dtype: dtype | None = None, device: Any = None,
             requires_grad: bool = False) -> Tensor:  # fmt: skip
    array = np.linspace(start, end, steps).astype((dtype or dtypes.DEFAULT).numpy)
    return on_device(from_array(array), device, requires_grad)


def eye(n: int, m: int | None = None, dtype: dtype | None = None, device: Any = None,
        requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Ones on the diagonal."""
    array = np.eye(n, m, dtype=(dtype or dtypes.DEFAULT).numpy)
    return on_device(from_array(array), device, requires_grad)


def rand(*size: Any, dtype: dtype | None = None, device: Any = None, requires_grad: bool = False,
         generator: Generator | None = None) -> Tensor:  # fmt: skip
    """Uniform in [0, 1)."""
    source = (generator or DEFAULT).source
    return made(size, lambda shape, k: source.random(shape, k), dtype, device, requires_grad)


def randn(*size: Any, dtype: dtype | None = None, device: Any = None, requires_grad: bool = False,
          generator: Generator | None = None) -> Tensor:  # fmt: skip
    """Normal, of mean 0 and deviation 1."""
    source = (generator or DEFAULT).source
    return made(size, lambda shape, k: source.standard_normal(shape, k), dtype, device,
                requires_grad)  # fmt: skip


def rand_like(input: Tensor, dtype: dtype | None = None, generator: Generator | None = None
              ) -> Tensor:  # fmt: skip
    return rand(input.shape, dtype=dtype or input.dtype, generator=generator)


def randn_like(input: Tensor, dtype: dtype | None = None, generator: Generator | None = None
               ) -> Tensor:  # fmt: skip
    return randn(input.shape, dtype=dtype or input.dtype, generator=generator)


def randint(*bounds: Any, size: Any = None, dtype: dtype | None = None, device: Any = None,
            generator: Generator | None = None) -> Tensor:  # fmt: skip
    """Integers from a low bound (0) up to a high one, without it: randint([low,] high, size)."""
    if size is None:
        *bounds, size = bounds  # type: ignore[assignment]
    low, high = bounds if len(bounds) == 2 else (0, bounds[0])
    source = (generator or DEFAULT).source
    return made((size,), lambda shape, k: source.integers(low, high, shape), dtype or dtypes.int64,
                device, False)  # fmt: skip


def randperm(n: int, device: Any = None, generator: Generator | None = None) -> Tensor:
    """The numbers below n in an order of chance."""
    return on_device(from_array((generator or DEFAULT).source.permutation(n)), device, False)


def multinomial(input: Tensor, num_samples: int, replacement: bool = False,
                generator: Generator | None = None) -> Tensor:  # fmt: skip
    """Draw indices of a (V,) or (B, V) tensor of weights, which need not sum to one.

    By the exponential clock: each index rings after a time of rate w, and the first ones to ring
    are drawn: an index is first with probability w / sum of w. One of weight 0 never is.
    """
    weights = input.detach().array.astype(np.float64)
    drawable = int((weights > 0).sum(axis=-1).min(initial=weights.shape[-1]))
    if not np.isfinite(weights).all() or weights.min(initial=0) < 0 or not drawable:
        raise Refused("multinomial: weights must be finite, at least 0, and not all 0")
    source = (generator or DEFAULT).source
    if replacement:
        shares = np.cumsum(weights, axis=-1)
        at = source.random((*weights.shape[:-1], num_samples)) * shares[..., -1:]
        return from_array((shares[..., None, :] <= at[..., None]).sum(axis=-1))
    if num_samples > drawable:
        raise Refused(f"multinomial: {num_samples} of {drawable} that have a weight above 0")
    with np.errstate(divide="ignore"):
        times = source.standard_exponential(weights.shape) / weights
    return from_array(np.argsort(times, axis=-1)[..., :num_samples])
