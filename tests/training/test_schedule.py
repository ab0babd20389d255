"""The cosine schedule, at exact values and at its edges."""

from __future__ import annotations

import math

import pytest

from training import cosine_schedule


def test_exact_values() -> None:
    """Seven steps up, fourteen down, then level, with every value worked out by hand."""
    got = [cosine_schedule(step, 1.0, 0.1, 7, 21) for step in range(25)]
    up = [step / 7 for step in range(7)]
    down = [0.1 + 0.45 * (1 + math.cos(math.pi * n / 14)) for n in range(14)]
    assert got == pytest.approx([*up, *down, 0.1, 0.1, 0.1, 0.1], abs=1e-12)
    assert got[7] == 1.0
    assert got[14] == pytest.approx(0.55)  # half way down


def test_without_warm_up_and_without_a_way_down() -> None:
    assert cosine_schedule(0, 3.0, 1.0, 0, 10) == 3.0
    assert [cosine_schedule(step, 3.0, 1.0, 4, 4) for step in (0, 3, 4)] == [0.0, 2.25, 1.0]


@pytest.mark.parametrize(
    "given",
    [(-1, 1, 0, 1, 2), (0, -1, 0, 1, 2), (0, 1, -1, 1, 2), (0, 1, 0, -1, 2), (0, 1, 0, 3, 2)],
)
def test_numbers_that_make_no_sense_are_named(given: tuple) -> None:
    with pytest.raises(ValueError, match="none may be negative, nor the warm-up exceed the cycle"):
        cosine_schedule(*given)
