"""Gradient clipping: one step in a strange place must not undo the hundreds before it."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

EPS = 1e-6  # as in torch: of a norm that is divided by


@torch.no_grad()
def clip_gradients(parameters: Iterable[Tensor], max_norm: float) -> float:
    """Scale all gradients by one factor, in place, so that their norm does not exceed a bound.

    The norm is that of all gradients as one vector: scaled one by one, they would no longer point
    where the loss falls fastest. Pascanu et al. 2012, https://arxiv.org/abs/1211.5063, algorithm 1.

    1. The norm: the root of the sum of the squares of every gradient's every element;
    2. where it exceeds `max_norm`, multiply each gradient by max_norm / (norm + 1e-6);
    3. otherwise nothing changes. Parameters without a gradient take no part.

    Args:
        parameters: whose `grad` is scaled.
        max_norm: the bound, positive.

    Returns:
        The norm as it was before; 0 where no parameter has a gradient.

    Raises:
        ValueError: max_norm is not positive.
    """
    if not max_norm > 0:
        raise ValueError(f"max_norm={max_norm}: must be positive")
    gradients = [p.grad for p in parameters if p.grad is not None]
    squares = [gradient.float().square().sum().item() for gradient in gradients]
    norm = sum(squares) ** 0.5
    if norm > max_norm:
        for gradient in gradients:
            gradient.mul_(max_norm / (norm + EPS))
    return norm
