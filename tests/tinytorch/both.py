"""The same expression on both engines: TinyTorch is held equal to torch, values and gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numpy as np
import torch

import tinytorch

ENGINES: tuple[Any, ...] = (torch, tinytorch)
WAYS = ("plain", "transposed", "strided", "part", "expanded")  # how a tensor lies in its storage


def laid(t: ModuleType | Any, array: np.ndarray, way: str) -> tuple[Any, Any]:
    """A leaf, and a view of it that holds the numbers of an array, lying as asked for."""
    if way == "transposed" and array.ndim > 1:
        leaf = t.tensor(np.ascontiguousarray(array.T))
        view = leaf.permute(*range(array.ndim)[::-1])
    elif way == "strided" and array.ndim:
        leaf = t.tensor(np.repeat(array, 2, axis=-1))
        view = leaf[..., ::2]
    elif way == "part" and array.ndim:
        leaf = t.tensor(np.pad(array, [(1, 2)] + [(0, 0)] * (array.ndim - 1)))
        view = leaf[1 : 1 + len(array)]
    elif way == "expanded" and array.ndim:
        array[...] = array[:1]  # every row is the first: the caller's array, too
        leaf = t.tensor(array[:1])
        view = leaf.expand(*array.shape) if len(array) else leaf[:]
    else:
        leaf = t.tensor(array)
        view = leaf[...]
    if leaf.is_floating_point():
        leaf.requires_grad_()
        view = again(leaf, view, array, way)
    return leaf, view


def again(leaf: Any, view: Any, array: np.ndarray, way: str) -> Any:
    """The view taken once more, now that the leaf wants a gradient."""
    if way == "transposed" and array.ndim > 1:
        return leaf.permute(*range(array.ndim)[::-1])
    if way == "strided" and array.ndim:
        return leaf[..., ::2]
    if way == "part" and array.ndim:
        return leaf[1 : 1 + len(array)]
    if way == "expanded" and array.ndim:
        return leaf.expand(*array.shape) if len(array) else leaf[:]
    return leaf[...]


def to_numpy(tensor: Any) -> np.ndarray:
    return np.asarray(tensor.detach().numpy())


def outputs_of(result: Any) -> list[Any]:
    """One tensor, or several."""
    return [result] if hasattr(result, "dtype") else list(result)


def assert_equal_on_both(
    expression: Callable[..., Any],
    arrays: Sequence[np.ndarray],
    ways: Sequence[str] = (),
    tolerance: float = 1e-9,
) -> None:
    """Values, shapes and types of the results are the same, and the gradients of all leaves."""
    found = []
    for t in ENGINES:
        pairs = [laid(t, array.copy(), way) for array, way in
                 zip(arrays, [*ways, *["plain"] * len(arrays)], strict=False)]  # fmt: skip
        results = outputs_of(expression(t, *(view for _, view in pairs)))
        total = None
        for n, result in enumerate(results):
            if result.requires_grad:
                weights = np.cos(np.arange(result.numel()) + n).reshape(tuple(result.shape))
                part = (result * t.tensor(weights.astype(to_numpy(result).dtype))).sum()
                total = part if total is None else total + part
        if total is not None:
            total.backward()
        found.append((results, [leaf for leaf, _ in pairs]))
    (theirs, their_leaves), (ours, our_leaves) = found
    assert len(theirs) == len(ours)
    for their, our in zip(theirs, ours, strict=True):
        assert tuple(their.shape) == our.shape
        assert str(their.dtype).split(".")[1] == our.dtype.name
        np.testing.assert_allclose(to_numpy(our), to_numpy(their), rtol=tolerance, atol=tolerance)
        assert their.requires_grad == our.requires_grad
    for their, our in zip(their_leaves, our_leaves, strict=True):
        if their.grad is None:
            assert our.grad is None or not our.grad.array.any()
        else:
            expected = their.grad.numpy()
            np.testing.assert_allclose(our.grad.array, expected, rtol=tolerance, atol=tolerance)
            assert our.grad.array.dtype == expected.dtype
