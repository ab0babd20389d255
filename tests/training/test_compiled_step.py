"""The compiled step of AdamW is the taught one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from optimizer import AdamW
from support.processor import cpp_compiler
from training.compiled_step import MOST, compile_step
from training.recipe import Recipe


@pytest.mark.slow
@pytest.mark.skipif(cpp_compiler() is None, reason="no C++ compiler here")
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_the_compiled_step_is_the_taught_one(weight_decay: float) -> None:
    torch.manual_seed(0)
    starts = [torch.randn(7, 5), torch.randn(300), torch.randn(2, 3, 4)]
    results = []
    for compiled in (False, True):
        parameters = [torch.nn.Parameter(p.clone()) for p in starts]
        optimizer = AdamW(parameters, lr=0.1, weight_decay=weight_decay)
        if compiled:
            compile_step(optimizer)
        for n in range(5):
            for p in parameters:
                p.grad = torch.sin(p.detach() * (n + 1))
            optimizer.step()
        results.append(torch.cat([p.detach().flatten() for p in parameters]))
    torch.testing.assert_close(*results, atol=1e-6, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.skipif(cpp_compiler() is None, reason="no C++ compiler here")
@pytest.mark.parametrize(
    ("schedule", "kernels"),
    [
        (lambda o: torch.optim.lr_scheduler.LinearLR(o, 0.1, 1.0, 10), 1),
        (lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 0.1, total_steps=20), MOST),
    ],
    ids=["the rate changes", "the betas change, too"],
)
def test_schedulers_make_few_kernels(
    schedule: Callable[[AdamW], torch.optim.lr_scheduler.LRScheduler], kernels: int
) -> None:
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    both = []
    for compiled in (True, False):
        torch.manual_seed(0)
        parameter = torch.nn.Parameter(torch.randn(7, 5))
        optimizer = AdamW([parameter], lr=0.1)
        if compiled:
            compile_step(optimizer)
        scheduler = schedule(optimizer)
        for _ in range(15):
            parameter.grad = torch.randn(7, 5)
            optimizer.step()
            scheduler.step()
        both.append(parameter.detach())
    torch.testing.assert_close(*both, atol=1e-6, rtol=1e-5)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == kernels


def test_a_learners_optimizer_cannot_be_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(AdamW, "update")
    with pytest.raises(ValueError, match="the AdamW of this tree has no update"):
        Recipe(1, 0.1, compile=True)
