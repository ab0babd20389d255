"""AdamW beyond what `optimizer_test.py` shows a learner."""

from __future__ import annotations

import copy

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


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("gradient", [1e-4, 0.5, 20.0])
def test_half_precision_moves_as_far_as_float32(dtype: torch.dtype, gradient: float) -> None:
    """In half precision the square of a small gradient would be 0, of a large one infinite."""
    moved = []
    for kind in (dtype, torch.float32):
        p = nn.Parameter(torch.full((4,), 0.01, dtype=kind))
        optimizer = AdamW([p], lr=1e-3)
        for _ in range(5):
            p.grad = torch.full_like(p, gradient)
            optimizer.step()
        moved.append(p.detach().float() - 0.01)
        assert optimizer.state[p]["exp_avg_sq"].dtype == torch.float32
    torch.testing.assert_close(*moved, atol=1e-4, rtol=0.02)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@pytest.mark.parametrize("theirs", [True, False])
def test_a_saved_state_goes_on(dtype: torch.dtype, theirs: bool) -> None:
    """Ours, to the bit also in half precision; torch's, which lacks a key and has others."""
    torch.manual_seed(0)
    gradients = torch.randn(6, 5, 3).to(dtype)
    start = torch.randn(5, 3).to(dtype)

    def step(optimizer: torch.optim.Optimizer, p: nn.Parameter, part: torch.Tensor) -> None:
        for gradient in part:
            p.grad = gradient.clone()
            optimizer.step()

    options: dict = {"lr": 0.1, "weight_decay": 0.1, "eps": 1e-4}
    p = nn.Parameter(start.clone())
    first = (torch.optim.AdamW if theirs else AdamW)([p], **options)
    step(first, p, gradients[:3])
    q = nn.Parameter(p.detach().clone())
    second = AdamW([q], lr=5.0)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    assert second.param_groups[0]["lr"] == 0.1
    assert second.state[q]["step"] == 3
    step(second, q, gradients[3:])
    step(first, p, gradients[3:])
    tolerance = 0.0 if not theirs else 0.02 if dtype == torch.float32 else 0.1
    torch.testing.assert_close(q, p, atol=tolerance, rtol=0)
    third = AdamW([q])
    third.load_state_dict(first.state_dict())
    step(third, q, gradients)
    assert first.state_dict()["state"][0]["step"] == 6, "what was loaded is not shared"


@pytest.mark.parametrize("variant", ["amsgrad", "maximize"])
def test_a_variants_state_is_refused(variant: str) -> None:
    p = nn.Parameter(torch.ones(3))
    options: dict = {variant: True}
    other = torch.optim.AdamW([p], **options)
    with pytest.raises(ValueError, match=f"{variant}=True: this AdamW does without"):
        AdamW([p]).load_state_dict(other.state_dict())
