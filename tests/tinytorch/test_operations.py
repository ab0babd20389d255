"""Each row of the table, and what the class makes of several: as torch, on shapes of any kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import tinytorch
from tests.helpers import PROJECT
from tests.tinytorch.both import WAYS, assert_equal_on_both, to_numpy
from tests.tinytorch.cases import CASES, COMPOSED, Case
from tinytorch.operations import TABLE
from tinytorch.reference import reference_page

FLAT = {"floor_divide", "remainder", "floor", "round", "sign", "cast"}  # steps, or float32 inside


def test_every_row_has_cases() -> None:
    assert CASES.keys() == TABLE.keys()


@pytest.mark.parametrize("name", [*CASES, *COMPOSED])
@settings(max_examples=25, deadline=None, derandomize=True)
@given(data=st.data())
def test_values_types_and_gradients_are_torchs(name: str, data: Any) -> None:
    case: Case = (CASES | COMPOSED)[name](data.draw)
    ways = [data.draw(st.sampled_from(WAYS)) for _ in case.inputs]
    if name in ("scatter", "scatter_add", "max", "min", "max of all", "sort", "topk", "argsort"):
        ways = ["plain" if way == "expanded" else way for way in ways]  # no two alike
    if name in ("amax", "amin", "argmax", "argmin", "norm", "normalize", "std", "index"):
        ways = ["plain" if way == "expanded" else way for way in ways]
    tolerance = 1e-9
    if data.draw(st.booleans()) and name not in ("floor_divide", "remainder", "round"):
        case.inputs = [x.astype("float32") if x.dtype == "float64" else x for x in case.inputs]
        tolerance = 2e-5
    assert_equal_on_both(case.call, case.inputs, ways, tolerance)


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.derivatives])
@settings(max_examples=4, deadline=None, derandomize=True)
@given(data=st.data())
def test_gradcheck_agrees_with_every_derivative(name: str, data: Any) -> None:
    case: Case = CASES[name](data.draw)
    inputs = [tinytorch.tensor(x, requires_grad=x.dtype == "float64") for x in case.inputs]
    if name not in FLAT:
        assert tinytorch.gradcheck(lambda *xs: case.call(tinytorch, *xs), inputs)


@pytest.mark.parametrize("name", TABLE)
@settings(max_examples=6, deadline=None, derandomize=True)
@given(data=st.data())
def test_a_result_shares_its_storage_only_if_it_is_a_view(name: str, data: Any) -> None:
    case: Case = CASES[name](data.draw)
    inputs = [tinytorch.tensor(x) for x in case.inputs]
    before = [x.array.copy() for x in inputs]
    result = case.call(tinytorch, *inputs)
    for x, old in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(x.array, old)  # what went in is as it was
        if name == "view":  # of a copy, in its case
            continue
        if TABLE[name].view:
            assert result.storage is x.storage
        else:
            assert not np.shares_memory(result.storage.buffer, x.storage.buffer)


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.in_place])
@settings(max_examples=8, deadline=None, derandomize=True)
@given(data=st.data())
def test_a_change_in_place_is_the_operation_and_goes_on_with_its_history(
    name: str, data: Any
) -> None:
    if name in ("put", "scatter", "scatter_add", "bitwise_and", "bitwise_or", "bitwise_xor",
                "masked_fill", "clamp"):  # fmt: skip
        return  # by tests of their own, or with a case whose call is a method's
    case: Case = CASES[name](data.draw)
    others = case.inputs[1:]
    whole = np.broadcast_shapes(*(x.shape for x in case.inputs))
    first = np.broadcast_to(case.inputs[0], whole).copy()
    options = {"alpha": 2} if name == "add" else {"alpha": 0.5} if name == "sub" else {}
    options |= {"value": 0.5} if name.startswith("addc") else {}

    def call(t: Any, a: Any, *xs: Any) -> Any:
        made = a * 1.5 if name not in ("relu", "abs", "sign", "floor", "round") else a + 0.0
        changed = getattr(made, f"{name}_")(*xs, **options)
        assert changed is made
        return changed * a

    assert_equal_on_both(call, [first, *others])


@settings(max_examples=200, deadline=None, derandomize=True)
@given(data=st.data())
def test_types_are_promoted_as_torch_does(data: Any) -> None:
    """Of tensors with and without axes, and of plain numbers."""
    kinds = ("float32", "float64", "int64", "int32", "bool")
    operands: list[Any] = []
    for _ in range(2):
        shape = data.draw(st.sampled_from([(2,), ()]))
        kind = data.draw(st.sampled_from(kinds))
        operands.append(np.ones(shape, kind))
    if data.draw(st.booleans()):
        operands[1] = data.draw(st.sampled_from([True, 2, 2.5]))
    name = data.draw(st.sampled_from(["add", "mul", "div", "pow", "eq", "where", "maximum"]))
    if name == "maximum" and not isinstance(operands[1], np.ndarray):
        name = "mul"
    found = []
    engines: tuple[Any, ...] = (torch, tinytorch)
    for t in engines:
        a, b = (t.tensor(x) if isinstance(x, np.ndarray) else x for x in operands)
        mask = t.tensor([True, False])
        result = t.where(mask, a, b) if name == "where" else getattr(t, name)(a, b)
        found.append((str(result.dtype).split(".")[1], to_numpy(result).tolist()))
    assert found[0] == found[1]


def test_the_reference_page_is_the_table() -> None:
    page = (PROJECT / "docs/operations.md").read_text(encoding="utf-8")
    assert page == reference_page(), "run: python -m tinytorch operations > docs/operations.md"
    assert all(f"`{name}`" in page for name in TABLE)
    assert Path(PROJECT / "docs/operations.md").exists()
