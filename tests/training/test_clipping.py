"""Clipping by the norm of all gradients together: equal to torch's, and a no-op below."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from training import clip_gradients


def parameters(scale: float = 1.0) -> list[nn.Parameter]:
    """Three tensors with gradients of unlike sizes, and one without."""
    torch.manual_seed(0)
    found = [nn.Parameter(torch.randn(shape)) for shape in ((4, 3), (7,), (2, 2, 2), (5,))]
    for n, p in enumerate(found[:-1]):
        p.grad = torch.randn_like(p) * scale * 10**n
    return found


@pytest.mark.parametrize("max_norm", [1e-3, 1.0, 1e6])
def test_equal_to_torch(max_norm: float) -> None:
    ours, theirs = parameters(), parameters()
    norm = clip_gradients(iter(ours), max_norm)
    expected = torch.nn.utils.clip_grad_norm_(theirs, max_norm)
    assert norm == pytest.approx(float(expected))
    for a, b in zip(ours[:-1], theirs[:-1], strict=True):
        torch.testing.assert_close(a.grad, b.grad)


def test_the_direction_stays_and_the_norm_is_the_bound() -> None:
    before, after = parameters(), parameters()
    clip_gradients(after, 0.5)
    whole, clipped = (
        torch.cat([p.grad.flatten() for p in ps if p.grad is not None]) for ps in (before, after)
    )
    torch.testing.assert_close(clipped / whole, (clipped / whole)[:1].expand_as(whole))
    assert float(clipped.norm()) == pytest.approx(0.5, rel=1e-5)


def test_below_the_bound_nothing_changes() -> None:
    before, after = parameters(1e-4), parameters(1e-4)
    clip_gradients(after, 1.0)
    for a, b in zip(after[:-1], before[:-1], strict=True):
        assert a.grad is not None
        assert b.grad is not None
        assert torch.equal(a.grad, b.grad)


def test_without_gradients_and_with_a_bound_that_is_none() -> None:
    assert clip_gradients([nn.Parameter(torch.ones(3))], 1.0) == 0.0
    with pytest.raises(ValueError, match="max_norm=0: must be positive"):
        clip_gradients([], 0)


def test_half_precision_is_summed_in_float32() -> None:
    p = nn.Parameter(torch.ones(1000, dtype=torch.float16))
    p.grad = torch.full_like(p, 100.0)  # whose squares' sum float16 cannot hold
    assert clip_gradients([p], 1.0) == pytest.approx(1000**0.5 * 100)
    assert float(p.grad[0]) == pytest.approx(1000**-0.5, rel=1e-3)
