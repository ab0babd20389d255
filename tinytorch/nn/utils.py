"""What training loops do to all gradients at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tinytorch.autograd import no_grad
from tinytorch.creation import tensor
from tinytorch.missing import no_such_name
from tinytorch.tensor import Tensor


@no_grad
def clip_grad_norm_(parameters: Tensor | Iterable[Tensor], max_norm: float) -> Tensor:
    """Scale all gradients alike, so that their joint norm is at most `max_norm`; returns it.

    Pascanu et al. 2012, https://arxiv.org/abs/1211.5063, algorithm 1.
    """
    parameters = [parameters] if isinstance(parameters, Tensor) else parameters
    gradients = [p.grad for p in parameters if p.grad is not None]
    total = tensor(sum(float(g.pow(2).sum()) for g in gradients)).sqrt()
    scale = max_norm / (float(total) + 1e-6)
    if scale < 1:
        for gradient in gradients:
            gradient.mul_(scale)
    return total


def __getattr__(name: str) -> Any:
    no_such_name("nn.utils", name, globals())
