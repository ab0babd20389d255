"""The scalar engine: slopes as torch has them, and a network that learns as with tensors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import tinytorch
from tinytorch import Value
from tinytorch.value import topological

STEPS: dict[str, Any] = {
    "+": lambda t, a, b: a + b,
    "-": lambda t, a, b: a - b,
    "*": lambda t, a, b: a * b,
    "/": lambda t, a, b: a / (b * b + 1.0),
    "**": lambda t, a, b: (a * a + 0.5) ** 1.5 + b**2,
    "exp": lambda t, a, b: (a * 0.1).exp() + b,
    "log": lambda t, a, b: (a * a + 1.0).log() - b,
    "tanh": lambda t, a, b: (a + b).tanh(),
    "relu": lambda t, a, b: (a - b).relu(),
    "numbers": lambda t, a, b: 2.0 - a + 1.0 / (b * b + 1.0) - 3.0 * a,
}


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    steps=st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 9), st.integers(0, 9))),
    start=st.lists(st.floats(-2, 2), min_size=2, max_size=3),
)
def test_an_expression_has_the_slopes_that_torch_finds(steps: Any, start: list[float]) -> None:
    ours: list[Any] = [Value(x) for x in start]
    theirs: list[Any] = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in start]
    for name, i, j in steps:
        for numbers in (ours, theirs):
            a, b = numbers[i % len(numbers)], numbers[j % len(numbers)]
            numbers.append(STEPS[name](None, a, b))
    ours[-1].backward()
    theirs[-1].backward()
    assert ours[-1].data == pytest.approx(theirs[-1].item(), nan_ok=True)
    for one, other in zip(ours[: len(start)], theirs, strict=False):
        slope = 0.0 if other.grad is None else other.grad.item()
        assert one.grad == pytest.approx(slope, rel=1e-9, abs=1e-9, nan_ok=True)


def test_a_second_backward_adds_to_the_leaves_alone() -> None:
    a = Value(3.0)
    b = a * a
    c = b * b
    for times in (1, 2):
        c.backward()
        assert a.grad == times * 4 * 27
        assert b.grad == 2 * 9


def test_ten_thousand_operations_in_a_row_need_no_recursion() -> None:
    a = Value(1.0)
    b = a
    for _ in range(10_000):
        b = b + a * 0.001
    b.backward()
    assert a.grad == pytest.approx(11.0)
    x = tinytorch.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(10_000):
        y = y + 0.001
    y.backward()
    assert x.grad.item() == 1.0


def test_a_node_is_listed_once_and_after_what_it_was_made_of() -> None:
    a = Value(1.0)
    for _ in range(60):  # as many paths as 2 to the power of 60
        a = a + a
    order = topological(a)
    assert len(order) == len(set(order)) == 61
    place = {value: n for n, value in enumerate(order)}
    assert all(place[part] < place[value] for value in order for part in value.inputs)


def test_tanh_and_exp_do_not_overflow() -> None:
    assert Value(1e4).tanh().data == 1.0
    assert Value(-1e4).tanh().data == -1.0
    assert Value(1e4).exp().data == math.inf
    assert Value(-1e4).exp().data == 0.0


def test_a_network_learns_alike_with_values_tensors_and_torch() -> None:
    """Two inputs, four hidden numbers, one output; twenty steps of descent."""
    source = np.random.default_rng(0)
    points = source.normal(size=(8, 2))
    wanted = np.where(points[:, 0] * points[:, 1] > 0, 1.0, -1.0)
    w1, w2 = source.normal(size=(2, 4)), source.normal(size=(4, 1))
    losses: dict[str, list[float]] = {"Value": [], "tinytorch": [], "torch": []}
    one = [[Value(x) for x in row] for row in w1]
    two = [Value(x) for x in w2[:, 0]]
    for _ in range(20):
        total = Value(0.0)
        for point, target in zip(points, wanted, strict=True):
            hidden = [sum((one[i][h] * point[i] for i in range(2)), Value(0.0)).tanh()
                      for h in range(4)]  # fmt: skip
            guess = sum((w * h for w, h in zip(two, hidden, strict=True)), Value(0.0))
            total = total + (guess - target) ** 2
        loss = total / len(points)
        weights = [w for row in one for w in row] + two
        for w in weights:
            w.grad = 0.0
        loss.backward()
        for w in weights:
            w.data -= 0.1 * w.grad
        losses["Value"].append(loss.data)
    for t in (tinytorch, torch):
        engine: Any = t
        a = engine.tensor(w1, requires_grad=True)
        b = engine.tensor(w2, requires_grad=True)
        x, y = engine.tensor(points), engine.tensor(wanted)[:, None]
        for _ in range(20):
            a.grad = b.grad = None
            loss = (((x @ a).tanh() @ b - y) ** 2).mean()
            loss.backward()
            with engine.no_grad():
                a -= 0.1 * a.grad
                b -= 0.1 * b.grad
            losses[engine.__name__].append(loss.item())
    assert losses["Value"] == pytest.approx(losses["torch"], rel=1e-9)
    assert losses["tinytorch"] == pytest.approx(losses["torch"], rel=1e-9)
    assert losses["torch"][-1] < losses["torch"][0] / 2
