"""AdamW beyond what `optimizer_test.py` shows a learner."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from optimizer import AdamW
from support.processor import cpp_compiler


def test_a_refused_step_changes_nothing() -> None:
    dense, embedding = nn.Linear(2, 2), nn.Embedding(5, 2, sparse=True)
    optimizer = AdamW([*dense.parameters(), *embedding.parameters()])
    before = dense.weight.detach().clone()
    dense(embedding(torch.tensor([1, 3]))).sum().backward()
    with pytest.raises(RuntimeError, match="sparse"):
        optimizer.step()
    assert torch.equal(dense.weight, before)
    assert not optimizer.state


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
            optimizer.compile()
        for n in range(5):
            for p in parameters:
                p.grad = torch.sin(p.detach() * (n + 1))
            optimizer.step()
        results.append(torch.cat([p.detach().flatten() for p in parameters]))
    torch.testing.assert_close(*results, atol=1e-6, rtol=1e-5)
