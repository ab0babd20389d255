"""Scores of whole files: the course's own lines, and calibration."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from sentiment.scoring import calibrate, course_scores
from tests.helpers import (
    LABELS,
)


def test_the_courses_scores_are_the_courses(zero_shot) -> None:
    """Its own few lines: no mask, the last position, all pieces at once."""
    classifier, tokenizer = zero_shot
    ids = [tokenizer.encode(text, bos=True, eos=False) for text in ("a hero", "wonderful movie a")]
    width = max(map(len, ids))
    padded = torch.tensor([text + [tokenizer.pad_id] * (width - len(text)) for text in ids])
    with torch.no_grad():
        log_probabilities = F.log_softmax(classifier.llama(padded)[0], dim=-1)
    expected = torch.stack(
        [
            log_probabilities[:, :, tokenizer.encode(label, False, False)].sum(dim=-1)[:, 0]
            for label in LABELS
        ],
        dim=1,
    )
    got = course_scores(classifier, ids, tokenizer, LABELS, batch_size=8)
    torch.testing.assert_close(got, expected)


def test_calibration_takes_the_mean_of_each_label_away() -> None:
    scores = torch.randn(9, 3) + torch.tensor([5.0, 0.0, -5.0])
    torch.testing.assert_close(calibrate(scores).mean(dim=0), torch.zeros(3), atol=1e-6, rtol=0)
