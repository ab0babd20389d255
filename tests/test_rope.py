"""Rotary positions beyond what `rope_test.py` shows a learner."""

from __future__ import annotations

import pytest
import torch

from assignment.grading import reference
from rope import apply_rotary_emb
from tests.helpers import assert_close


def test_rope_angles_are_exact_in_bfloat16() -> None:
    """At position 257, which bfloat16 rounds to 256."""
    query = torch.randn(1, 1, 2, 8).bfloat16()
    rotated, _ = apply_rotary_emb(query, query, 8, 512, positions=torch.tensor([257]))
    expected = reference.rope(query.double().numpy(), torch.tensor([257]).numpy(), 10000.0)
    assert_close(rotated, expected, atol=0.02, rtol=0.01)


def test_rope_refuses_what_it_cannot_rotate() -> None:
    x = torch.randn(1, 5, 2, 8)
    with pytest.raises(ValueError, match="5 tokens exceed max_seq_len=4"):
        apply_rotary_emb(x, x, 8, 4)
    with pytest.raises(ValueError, match="head_dim=6"):
        apply_rotary_emb(x, x, 6, 10)
