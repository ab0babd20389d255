"""Rotary positions beyond what `rope_test.py` shows a learner."""

from __future__ import annotations

import pytest
import torch

from assignment.grading import reference
from config import RopeScaling
from rope import apply_rotary_emb, rotary_angles
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


@pytest.mark.parametrize("scaling", [RopeScaling("llama3", 8.0), RopeScaling("linear", 4.0)])
def test_scaled_frequencies_are_transformers(scaling: RopeScaling) -> None:
    """At every position up to 20,000, the old context of llama3 being 8,192."""
    transformers = pytest.importorskip("transformers")
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    stated = {
        "rope_type": scaling.kind,
        "rope_theta": 500000.0,
        "factor": scaling.factor,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    }
    config = transformers.LlamaConfig(hidden_size=128, num_attention_heads=1, rope_scaling=stated)
    if hasattr(config, "rope_parameters"):
        config.rope_parameters = stated
    config.rope_theta, config.max_position_embeddings = 500000.0, 131072
    inverse, _ = ROPE_INIT_FUNCTIONS[scaling.kind](config, "cpu")
    positions = torch.arange(0, 20000, 37)
    angles = rotary_angles(positions, 128, 500000.0, torch.float64, scaling)[:, 0]
    torch.testing.assert_close(angles, positions[:, None] * inverse.double(), rtol=1e-6, atol=1e-6)


def test_factors_divide_each_frequency_by_its_own() -> None:
    factors = torch.tensor([1.0, 2.0, 5.0, 8.0])
    scaling = RopeScaling("factors", factors=tuple(factors.tolist()))
    plain, scaled = (
        rotary_angles(torch.arange(5), 8, 100.0, torch.float32, s) for s in (None, scaling)
    )
    torch.testing.assert_close(scaled * factors, plain)
