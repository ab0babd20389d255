"""Batches of a text: windows that begin anywhere, and what follows each token."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pretraining.batches import get_batch


def test_get_batch() -> None:
    data = np.arange(100, dtype=np.uint16)
    generator = torch.Generator().manual_seed(0)
    starts = torch.zeros(93, dtype=torch.long)
    for _ in range(300):
        inputs, targets = get_batch(data, 32, 7, "cpu", generator)
        assert inputs.shape == targets.shape == (32, 7)
        assert torch.equal(targets, inputs + 1)
        assert torch.equal(inputs, inputs[:, :1] + torch.arange(7))
        starts += torch.bincount(inputs[:, 0], minlength=93)
    assert len(starts) == 93  # from 0 to n - context - 1
    expected = 300 * 32 / 93
    assert float(((starts - expected) ** 2 / expected).sum()) < 140  # chi-square, 92 degrees
    with pytest.raises(ValueError, match="a text of 7 tokens and a context of 7"):
        get_batch(data[:7], 1, 7)
    with pytest.raises((RuntimeError, AssertionError)):
        get_batch(data, 1, 7, "cuda:99")
