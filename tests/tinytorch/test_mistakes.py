"""Classic mistakes of an autograd engine, made in a copy of it, and each caught by its name."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

X = np.array([[1.0, -2.0, 0.5], [3.0, 0.25, -1.5]])


class Replaced(importlib.abc.MetaPathFinder):
    """Finds one module of the package with a piece of its source replaced."""

    def __init__(self, name: str, right: str, wrong: str) -> None:
        self.name, self.right, self.wrong = name, right, wrong

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if name != self.name or spec is None or spec.origin is None:
            return None
        source = (
            importlib.machinery.SourceFileLoader(name, spec.origin).get_data(spec.origin).decode()
        )
        assert source.count(self.right) == 1, f"{name} has changed"
        code = compile(source.replace(self.right, self.wrong), spec.origin, "exec")

        class Loader(importlib.abc.Loader):
            def exec_module(self, module: Any) -> None:
                exec(code, vars(module))

        return importlib.machinery.ModuleSpec(name, Loader(), origin=spec.origin)


def package(name: str, right: str, wrong: str) -> Any:
    """A copy of TinyTorch with this mistake in it."""
    is_ours = lambda name: name.partition(".")[0] == "tinytorch"  # noqa: E731
    kept = {name: module for name, module in sys.modules.items() if is_ours(name)}
    for own in kept:
        del sys.modules[own]
    finder = Replaced(name, right, wrong)
    sys.meta_path.insert(0, finder)
    try:
        return importlib.import_module("tinytorch")
    finally:
        sys.meta_path.remove(finder)
        for own in [name for name in sys.modules if is_ours(name)]:
            del sys.modules[own]
        sys.modules.update(kept)


def gradient(t: Any, function: Callable[[Any], Any], array: np.ndarray = X) -> np.ndarray:
    x = t.tensor(array, requires_grad=True)
    function(x).sum().backward()
    return np.zeros_like(array) if x.grad is None else x.grad.numpy()


def broadcast_gradients_are_reduced(t: Any) -> None:
    row = gradient(t, lambda b: t.tensor(X) * b, X[0])
    np.testing.assert_allclose(row, X.sum(axis=0))
    column = gradient(t, lambda b: t.tensor(X) * b, X[:, :1])
    np.testing.assert_allclose(column, X.sum(axis=1, keepdims=True))


def a_view_stays_in_the_graph(t: Any) -> None:
    views: list[Any] = [lambda x: x.t(), lambda x: x.view(6), lambda x: x[:, 1:], lambda x: x[0]]
    for view in views:
        grad = gradient(t, lambda x: view(x) * 2)  # noqa: B023
        assert grad.sum() == 2 * view(t.tensor(X)).numel()


def a_transposed_view_is_read_in_its_own_order(t: Any) -> None:
    x = t.tensor(X)
    assert x.t().tolist() == X.T.tolist()
    assert x.t().reshape(-1).tolist() == X.T.reshape(-1).tolist()
    assert (x.t() + 0).tolist() == X.T.tolist()
    with pytest.raises(RuntimeError):
        x.t().view(-1)


def a_tensor_that_is_used_twice_gathers_both(t: Any) -> None:
    np.testing.assert_allclose(gradient(t, lambda x: x * x), 2 * X)
    np.testing.assert_allclose(gradient(t, lambda x: (x * 2).exp() + x), 2 * np.exp(2 * X) + 1)
    a = t.Value(3.0)
    (a * a).backward()
    assert a.grad == 6


def a_shared_node_is_visited_once(t: Any) -> None:
    a = t.Value(1.0)
    b = a * 3
    c = b * b + b
    c.backward()
    assert a.grad == 3 * (2 * 3 + 1)

    def doubled(x: Any) -> Any:
        for _ in range(16):  # as many paths as 2 to the power of 16
            x = x + x
        return x

    np.testing.assert_allclose(gradient(t, doubled), np.full_like(X, 2.0**16))
    shared = gradient(t, lambda x: (lambda h: h.exp() + h * h)(x * 3))
    np.testing.assert_allclose(shared, 3 * (np.exp(3 * X) + 6 * X))


def an_embedding_row_counts_as_often_as_it_is_used(t: Any) -> None:
    ids = t.tensor([0, 2, 0, 0])
    grad = gradient(t, lambda w: t.nn.functional.embedding(ids, w), np.ones((3, 2)))
    assert grad.tolist() == [[3, 3], [0, 0], [1, 1]]
    rows = gradient(t, lambda x: x[t.tensor([1, 1, 0])])
    assert rows.tolist() == [[1, 1, 1], [2, 2, 2]]


def tanh_and_exp_do_not_overflow(t: Any) -> None:
    big = np.array([1000.0, -1000.0, 0.0])
    assert t.tensor(big).tanh().tolist() == [1, -1, 0]
    assert t.softmax(t.tensor(big), 0).tolist() == [1, 0, 0]
    assert t.logsumexp(t.tensor(big), 0).item() == 1000
    assert t.log_softmax(t.tensor(big), 0).tolist() == [0, -2000, -1000]
    assert t.Value(1000.0).tanh().data == 1
    assert t.Value(1000.0).exp().data == np.inf


def a_slice_with_a_step_has_all_its_rows(t: Any) -> None:
    x = np.arange(7.0)
    for step in (1, 2, 3, 4, -1, -2):
        assert t.tensor(x)[::step].tolist() == x[::step].tolist()
        assert gradient(t, lambda x: x[::step], x).sum() == len(x[::step])  # noqa: B023


def a_slice_of_one_keeps_its_axis(t: Any) -> None:
    assert t.tensor(X)[0:1].shape == (1, 3)
    assert t.tensor(X)[:, 1:2].shape == (2, 1)
    assert t.tensor(X)[0].shape == (3,)


def a_product_has_a_gradient_where_one_side_alone_wants_it(t: Any) -> None:
    constant = t.tensor(np.arange(6.0).reshape(3, 2))
    left = gradient(t, lambda x: x @ constant)
    np.testing.assert_allclose(left, np.ones((2, 2)) @ constant.numpy().T)
    right = gradient(t, lambda x: constant @ x)
    np.testing.assert_allclose(right, constant.numpy().T @ np.ones((3, 3)))


def what_backward_needs_is_not_changed_unnoticed(t: Any) -> None:
    x, y = t.tensor(X, requires_grad=True), t.tensor(X)
    loss = (x * y).sum()
    y.zero_()
    with pytest.raises(RuntimeError, match="changed in place"):
        loss.backward()


def float_and_integer_make_float32(t: Any) -> None:
    assert (t.arange(3) * t.ones(3)).dtype is t.float32
    assert (t.arange(3) * 0.5).dtype is t.float32
    assert (t.ones(3) * t.tensor(2.0, dtype=t.float64)).dtype is t.float32
    assert (t.arange(3) / 2).dtype is t.float32


Check = Callable[[Any], None]
MISTAKES: list[tuple[Check, str, str, str]] = [
    (broadcast_gradients_are_reduced, "autograd", "    if np.shape(g) != shape:",
     "    if np.ndim(g) != len(shape):"),
    (broadcast_gradients_are_reduced, "autograd",
     "g = np.add.reduce(g, axis=(*range(new), *axes)).reshape(shape)",
     "g = g[(0,) * new].reshape(-1)[: int(np.prod(shape))].reshape(shape)"),
    (a_view_stays_in_the_graph, "tensor",
     "    if tensor.requires_grad and autograd.is_grad_enabled():", "    if False:"),
    (a_transposed_view_is_read_in_its_own_order, "layout",
     "        return np.ndarray(self.shape, buffer.dtype, buffer, self.offset * size, strides)",
     "        return buffer[self.offset : self.offset + self.numel].reshape(self.shape)"),
    (a_transposed_view_is_read_in_its_own_order, "layout", "            if left % size:",
     "            if False:"),
    (a_tensor_that_is_used_twice_gathers_both, "autograd",
     "np.asarray(received[input] + part) if input in received else part", "part"),
    (a_tensor_that_is_used_twice_gathers_both, "value", "part.grad += slope * value.grad",
     "part.grad = slope * value.grad"),
    (a_shared_node_is_visited_once, "value", "elif node is not None and node not in seen:",
     "elif node is not None and (node not in seen or len(order) < 3000):"),
    (an_embedding_row_counts_as_often_as_it_is_used, "operations",
     "weight=lambda g, index, shape: added_rows(g, shape, index)",
     "weight=lambda g, index, shape: placed(g, shape, index)"),
    (an_embedding_row_counts_as_often_as_it_is_used, "operations",
     "a=lambda g, shape, key: gathered_into(g, shape, key))",
     "a=lambda g, shape, key: placed(g, shape, key))"),
    (tanh_and_exp_do_not_overflow, "operations", "lambda a: np.tanh(a)",
     "lambda a: (np.exp(2 * a) - 1) / (np.exp(2 * a) + 1)"),
    (tanh_and_exp_do_not_overflow, "operations",
     "e = np.exp(a - np.maximum.reduce(a, axis=dim, keepdims=True)) if a.size else a.copy()",
     "e = np.exp(a)"),
    (tanh_and_exp_do_not_overflow, "operations", "    return a - greatest, greatest",
     "    return a, 0 * greatest"),
    (tanh_and_exp_do_not_overflow, "value", "y = math.tanh(self.data)",
     "y = (math.exp(2 * self.data) - 1) / (math.exp(2 * self.data) + 1)"),
    (a_slice_with_a_step_has_all_its_rows, "layout", "shape.append(len(taken))",
     "shape.append(abs(taken.stop - taken.start) // abs(taken.step))"),
    (a_slice_with_a_step_has_all_its_rows, "layout", "strides.append(step * taken.step)",
     "strides.append(step)"),
    (a_slice_of_one_keeps_its_axis, "layout", "            if isinstance(item, slice):",
     "            if isinstance(item, slice) and len(range(size)[item]) == 1:\n"
     "                offset += step * range(size)[item].start\n"
     "            elif isinstance(item, slice):"),
    (a_product_has_a_gradient_where_one_side_alone_wants_it, "tensor",
     "    if True not in wanted:", "    if False in wanted and len(wanted) == 2:"),
    (a_product_has_a_gradient_where_one_side_alone_wants_it, "operations",
     "    b=lambda g, a: transposed(a) @ g)", "    b=lambda g, a: transposed(g) @ a)"),
    (what_backward_needs_is_not_changed_unnoticed, "tensor",
     "        self.storage.version += 1\n\n", "\n"),
    (float_and_integer_make_float32, "dtypes",
     "        return max(one, other, key=lambda kind: kind.category)",
     "        return ALL[np.promote_types(one.numpy, other.numpy)]"),
    (float_and_integer_make_float32, "dtypes", "for candidate in reversed(found):",
     "for candidate in found:"),
]  # fmt: skip


@pytest.mark.parametrize(
    "check", dict.fromkeys(check for check, *_ in MISTAKES), ids=lambda c: c.__name__
)
def test_the_right_version_passes(check: Check) -> None:
    check(importlib.import_module("tinytorch"))


@pytest.mark.parametrize(
    ("check", "name", "right", "wrong"), MISTAKES, ids=[m[0].__name__ for m in MISTAKES]
)
def test_the_mistake_is_caught(check: Check, name: str, right: str, wrong: str) -> None:
    broken = package(f"tinytorch.{name}", right, wrong)
    with pytest.raises(
        (AssertionError, ValueError, IndexError, OverflowError, pytest.fail.Exception)
    ):
        check(broken)
