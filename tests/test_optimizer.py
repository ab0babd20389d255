"""AdamW beyond what `optimizer_test.py` shows a learner."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from optimizer import AdamW


def test_a_refused_step_changes_nothing() -> None:
    dense, embedding = nn.Linear(2, 2), nn.Embedding(5, 2, sparse=True)
    optimizer = AdamW([*dense.parameters(), *embedding.parameters()])
    before = dense.weight.detach().clone()
    dense(embedding(torch.tensor([1, 3]))).sum().backward()
    with pytest.raises(RuntimeError, match="sparse"):
        optimizer.step()
    assert torch.equal(dense.weight, before)
    assert not optimizer.state
