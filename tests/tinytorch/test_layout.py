"""Views: the strides that torch has, or an error where there are none; one storage for all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import tinytorch
from tests.tinytorch.both import to_numpy
from tinytorch import Refused


def moved(draw: Any, ours: Any, theirs: Any) -> tuple[Any, Any]:
    """One more view of both."""
    shape, ndim = ours.shape, ours.ndim
    kind = draw(
        st.sampled_from(["transpose", "permute", "slice", "select", "expand", "new", "view"])
    )
    if kind == "transpose" and ndim:
        one, other = (draw(st.integers(-ndim, ndim - 1)) for _ in range(2))
        return ours.transpose(one, other), theirs.transpose(one, other)
    if kind == "permute" and ndim:
        order = draw(st.permutations(range(ndim)))
        return ours.permute(*order), theirs.permute(*order)
    if kind == "slice" and ndim:
        bound = st.one_of(st.none(), st.integers(-5, 5))
        step = draw(st.one_of(st.none(), st.integers(1, 3)))
        key = (..., slice(draw(bound), draw(bound), step))
        return ours[key], theirs[key]
    if kind == "select" and ndim and shape[0]:
        row = draw(st.integers(-shape[0], shape[0] - 1))
        return ours[row], theirs[row]
    if kind == "expand":
        sizes = [draw(st.integers(1, 3)) if n == 1 else -1 for n in shape]
        if sizes:
            return ours.expand(2, *sizes), theirs.expand(2, *sizes)
    if kind == "new":
        dim = draw(st.integers(0, ndim))
        return ours.unsqueeze(dim), theirs.unsqueeze(dim)
    size = draw(st.sampled_from([(-1,), (1, -1), (2, -1), shape[::-1], (-1, 3)]))
    try:
        viewed = theirs.view(size)
    except RuntimeError:
        with pytest.raises(Refused):
            ours.view(size)
        return ours, theirs
    return ours.view(size), viewed


@settings(max_examples=300, deadline=None, derandomize=True)
@given(data=st.data())
def test_views_of_views_lie_where_torchs_lie(data: Any) -> None:
    shape = data.draw(st.sampled_from([(2, 3, 4), (6,), (1, 4), (3, 1, 2), (), (4, 6), (0, 2)]))
    array = np.arange(int(np.prod(shape))).reshape(shape)
    ours, theirs = tinytorch.tensor(array), torch.tensor(array)
    storage = ours.storage
    for _ in range(data.draw(st.integers(1, 5))):
        ours, theirs = moved(data.draw, ours, theirs)
        assert ours.shape == tuple(theirs.shape)
        assert ours.is_contiguous() == theirs.is_contiguous()
        np.testing.assert_array_equal(to_numpy(ours), to_numpy(theirs))
        assert ours.storage is storage
        if ours.numel() > 1:
            assert ours.storage_offset() == theirs.storage_offset()
            steps = zip(ours.shape, ours.stride(), theirs.stride(), strict=True)
            assert all(n == 1 or own == other for n, own, other in steps)
        assert ours.reshape(-1).tolist() == theirs.reshape(-1).tolist()
        shares = theirs.reshape(-1).data_ptr() == theirs.data_ptr()
        if ours.numel() > 1:
            assert (ours.reshape(-1).storage is storage) == shares


def test_what_is_written_through_a_view_shows_in_all() -> None:
    x = tinytorch.zeros(3, 4)
    column, rows, turned = x[:, 1], x[::2], x.t()
    column.fill_(7)
    rows[0] = 5
    turned[3, 1] = 9
    assert x.tolist() == [[5, 5, 5, 5], [0, 7, 0, 9], [0, 7, 0, 0]]
    x.clone().fill_(1)
    x.reshape(12)[0] = 2  # a view again
    assert x[0, 0].item() == 2
    x.t().reshape(12)[0] = 3  # a copy
    assert x[0, 0].item() == 2


@pytest.mark.parametrize(
    "key", [slice(None, None, -1), slice(3, 0, -2), (..., slice(-1, None, -3))]
)
def test_a_step_may_be_negative(key: Any) -> None:
    """Which torch does not have: as in NumPy, a view."""
    array = np.arange(20.0).reshape(5, 4)
    x = tinytorch.tensor(array, requires_grad=True)
    part = x[key]
    np.testing.assert_array_equal(part.detach().numpy(), array[key])
    assert part.storage is x.storage
    (part * part).sum().backward()
    expected = np.zeros_like(array)
    expected[key] = 2 * array[key]
    np.testing.assert_array_equal(x.grad.numpy(), expected)


def test_what_cannot_be_a_view_is_refused_with_both_shapes() -> None:
    x = tinytorch.ones(3, 4)
    for call, words in (
        (lambda: x.t().view(12), r"\(4, 3\) with strides \(1, 4\) cannot be viewed as \(12,\)"),
        (lambda: x.view(5, 2), r"\(3, 4\) has 12 elements, \(5, 2\)"),
        (lambda: x.expand(3, 5), r"\(3, 4\) cannot be expanded to \(3, 5\)"),
        (lambda: x.expand(2, 3, 4).add_(1), "several elements are one number"),
        (lambda: x.split([1, 1]), "has 3"),
    ):
        with pytest.raises(Refused, match=words):
            call()
    for index in (lambda: x[3], lambda: x[0, 0, 0], lambda: x.transpose(0, 2), lambda: x[..., ...]):
        with pytest.raises(IndexError):
            index()


def test_a_tensor_on_meta_has_a_shape_and_no_numbers() -> None:
    with tinytorch.device("meta"):
        x = tinytorch.empty(10**9, 10**6)
        weight = tinytorch.nn.Linear(10**6, 10**6).weight
    assert x.shape == (10**9, 10**6)
    assert x.device.type == weight.device.type == "meta"
    assert weight.nbytes == 4 * 10**12
    with pytest.raises(Refused, match="holds no data"):
        x + 1
    with pytest.raises(Refused, match="device 'cuda'"):
        tinytorch.zeros(2, device="cuda")
