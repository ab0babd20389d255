"""The estimate of time: one line, once the parts that are done tell something."""

from __future__ import annotations

import pytest

from training import estimate
from training.estimate import Estimate


@pytest.mark.parametrize(
    ("parts", "compiles", "line"),
    [
        # The first part has the preparations: 3 + 9 x 2 seconds in all, known after the second.
        ([3.0, 2.0, 2.0], False, "expected  about 21 s for cakes\n"),
        # Parts of a tenth of a second: an estimate stands on ten of them.
        ([3.0, *[0.125] * 9], False, "expected  about 4 s for cakes\n"),
        # A long one tells enough by itself, except where it compiles.
        ([300.0], False, "expected  about 50 minutes for cakes\n"),
        ([300.0, 2.0], True, "expected  about 5 minutes for cakes\n"),
        ([3.0, 0.1], False, ""),
        # With the last part, all is done: there is nothing to expect.
        ([3.0, *[0.01] * 8, 4.0], False, ""),
    ],
)
def test_one_line(
    parts: list[float],
    compiles: bool,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Ten parts of one unit each, by a clock of our own."""
    clock = [100.0]
    monkeypatch.setattr(estimate.time, "perf_counter", lambda: clock[0])
    expected = Estimate(10, "cakes", compiles=compiles)
    for seconds in parts:
        clock[0] += seconds
        expected.done(1)
    assert capsys.readouterr().out == line
