"""Check `optimizer.AdamW`: run `python optimizer_test.py`, or let pytest find it.

Recorded steps with their expected outcome first, then what must hold for any optimizer.
"""

from __future__ import annotations

import support.early  # noqa: F401

# isort: split

import copy
import sys

import pytest
import torch
from torch import nn

from assignment.checks import check_task, run_as_script
from optimizer import AdamW


def test_reference() -> None:
    check_task("adamw")


def test_equal_to_torch_without_decay() -> None:
    """torch folds eps in differently, which does not show where it is zero."""
    start, target = torch.randn(4, 3), torch.randn(4, 3)
    outcomes = []
    for make in (AdamW, torch.optim.AdamW):
        p = nn.Parameter(start.clone())
        optimizer = make([p], lr=0.05, eps=0.0, weight_decay=0.0)
        for _ in range(20):
            optimizer.zero_grad()
            ((p - target) ** 2).sum().backward()
            optimizer.step()
        outcomes.append(p.detach())
    ours, theirs = outcomes
    assert torch.allclose(ours, theirs, atol=1e-5), "differs from torch.optim.AdamW"


def test_state_round_trip() -> None:
    """Going on from a saved state equals not having stopped."""

    def make() -> tuple[nn.Parameter, AdamW]:
        p = nn.Parameter(torch.linspace(-1, 1, 6))
        return p, AdamW([{"params": [p], "lr": 0.1, "weight_decay": 0.1}])

    def step(p: nn.Parameter, optimizer: AdamW, i: int) -> None:
        p.grad = torch.sin(p.detach() * i)
        optimizer.step()

    p, optimizer = make()
    for i in range(3):
        step(p, optimizer, i)
    q, other = make()
    q.data.copy_(p.data)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))  # it holds the live tensors
    for i in range(3, 6):
        step(p, optimizer, i)
        step(q, other, i)
    assert torch.equal(p, q), "a loaded state does not go on as the saved one would have"


def test_parameters_without_gradient_stay() -> None:
    p, q = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    p.grad = torch.ones(2)
    AdamW([p, q], lr=0.1, weight_decay=0.5).step()
    assert torch.equal(q, torch.ones(2)), "a parameter without gradient was changed"
    assert not torch.equal(p, torch.ones(2)), "a parameter with a gradient was not changed"


def test_the_gradient_is_left_alone() -> None:
    p = nn.Parameter(torch.ones(3))
    p.grad = torch.tensor([1.0, 2.0, 3.0])
    AdamW([p], lr=0.1, weight_decay=0.5).step()
    assert p.grad.tolist() == [1, 2, 3], "the gradient was changed in place"


def test_closure() -> None:
    p = nn.Parameter(torch.ones(3))
    optimizer = AdamW([p], lr=0.1)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = (p**2).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 3.0, "step returns what the closure returned"
    assert bool((p < 1).all()), "the closure's gradients were not used"


def test_sparse_gradients_are_refused() -> None:
    embedding = nn.Embedding(5, 2, sparse=True)
    embedding(torch.tensor([1, 2])).sum().backward()
    with pytest.raises(RuntimeError, match="sparse"):
        AdamW(embedding.parameters()).step()


TESTS = [test for name, test in list(globals().items()) if name.startswith("test_")]

if __name__ == "__main__":
    sys.exit(run_as_script(*TESTS))
