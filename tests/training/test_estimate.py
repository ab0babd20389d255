"""The estimate of time: one line, after the first part that tells something."""

from __future__ import annotations

import pytest

from training import estimate
from training.estimate import Estimate


@pytest.mark.parametrize(
    ("total", "skip", "line"),
    [(10, 0, "expected  about 20 s for cakes\n"), (10, 1, "expected  about 18 s for cakes\n"),
     (1000, 0, "expected  about 33 minutes for cakes\n")],
)  # fmt: skip
def test_one_line_after_the_first_part_that_counts(
    total: float, skip: int, line: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """A part takes two seconds for each unit of work, by a clock of our own."""
    clock = [0.0]
    monkeypatch.setattr(estimate.time, "perf_counter", lambda: clock[0])
    expected = Estimate(total, "cakes", skip)
    for _ in range(4):
        clock[0] += 2.0
        expected.done(1)
    assert capsys.readouterr().out == line
