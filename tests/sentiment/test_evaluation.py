"""Metrics by hand, and predictions in the file's order."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentiment.evaluation import evaluate, write_predictions
from sentiment.reviews import read_reviews
from tests.helpers import write


def test_metrics_by_hand() -> None:
    metrics = evaluate([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 0, 1], 4)
    assert metrics.confusion == [[2, 1, 0, 0], [1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    assert metrics.accuracy == pytest.approx(3 / 6)
    assert metrics.majority == pytest.approx(3 / 6)
    # F1 of 0: 4/6, of 1: 2/5, of 2: 0; class 3 occurs nowhere
    assert metrics.macro_f1 == pytest.approx((4 / 6 + 2 / 5 + 0) / 3)
    assert "   <- predicted" in metrics.table(["a", "b", "c", "d"])
    with pytest.raises(ValueError, match="0 predictions for 0 labels"):
        evaluate([], [], 2)


def test_predictions_keep_the_files_order(tmp_path: Path) -> None:
    reviews = read_reviews(write(tmp_path / "x.txt", "0 ||| a ||| b\n1 ||| é\n"))
    write_predictions(tmp_path / "out.txt", [1, 0], reviews)
    assert (tmp_path / "out.txt").read_text("utf-8") == "1 ||| a ||| b\n0 ||| é\n"
