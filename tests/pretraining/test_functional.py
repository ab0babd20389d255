"""The loss by hand, and SGD: equal to torch's, also where the plain formula fails."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from optimizer import SGD
from pretraining.functional import cross_entropy, softmax


@pytest.mark.parametrize("shape", [(5,), (2, 3, 7), (1, 1)])
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_softmax(shape: tuple[int, ...], scale: float) -> None:
    x = scale * torch.randn(shape, generator=torch.Generator().manual_seed(0))
    before = x.clone()
    for dim in range(-len(shape), len(shape)):
        torch.testing.assert_close(softmax(x, dim), F.softmax(x, dim))
    assert torch.equal(x, before)


@pytest.mark.parametrize("lead", [(), (4,), (2, 3), (2, 1, 3)])
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_cross_entropy(lead: tuple[int, ...], scale: float) -> None:
    generator = torch.Generator().manual_seed(1)
    logits = scale * torch.randn((*lead, 11), generator=generator)
    targets = torch.randint(11, lead, generator=generator)
    ours = logits.clone().requires_grad_()
    theirs = logits.clone().requires_grad_()
    loss = cross_entropy(ours, targets)
    expected = F.cross_entropy(theirs.view(-1, 11), targets.view(-1))
    torch.testing.assert_close(loss, expected)
    loss.backward()
    expected.backward()
    torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-6, rtol=1e-5)


def test_axes_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match=r"logits of \(2, 3, 5\) and targets of \(3, 2\)"):
        cross_entropy(torch.zeros(2, 3, 5), torch.zeros(3, 2, dtype=torch.long))


@pytest.mark.parametrize("decaying", [False, True])
def test_sgd(decaying: bool) -> None:
    p = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
    idle = torch.nn.Parameter(torch.ones(1))
    optimizer = SGD([p, idle], lr=0.1, decaying=decaying)
    expected = p.detach().clone().double()
    for t in range(5):
        optimizer.zero_grad()
        (p**2).sum().backward()
        loss = optimizer.step(lambda: 7)
        rate = 0.1 / math.sqrt(t + 1) if decaying else 0.1
        expected -= rate * 2 * expected
    assert loss == 7
    torch.testing.assert_close(p.detach().double(), expected, atol=1e-6, rtol=1e-6)
    assert idle.item() == 1
    with pytest.raises(ValueError, match="lr=-1: must be a finite number"):
        SGD([p], lr=-1)
