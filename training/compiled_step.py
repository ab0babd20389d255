"""One kernel for AdamW's step: the same arithmetic, in one pass over memory in place of a dozen."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from optimizer import AdamW


def compile_step(optimizer: AdamW) -> None:
    """Replace `optimizer.update` by a compiled twin; needs a C++ compiler that compiles.

    Results differ from the uncompiled ones by rounding. One kernel serves all sizes, but a Python
    number would be a constant of it, and a scheduler may change any from step to step (some cycle
    the betas, too): all go in as 0-d tensors.
    """
    kernel = torch.compile(_update, dynamic=True)

    def update(
        p: Tensor, grad: Tensor, m: Tensor, v: Tensor, beta1: float, beta2: float, *others: Any
    ) -> None:
        # In float32 1 - 0.999 is .00100005, so that the difference is taken here.
        numbers = (1 - beta1, 1 - beta2, *others)
        tensors: Any = (None if x is None else torch.tensor(float(x)) for x in numbers)
        kernel(p, grad, m, v, *tensors)

    optimizer.update = update  # type: ignore[method-assign, assignment]


def _update(
    p: Tensor,
    grad: Tensor,
    m: Tensor,
    v: Tensor,
    new1: Tensor,
    new2: Tensor,
    eps: Tensor,
    step_size: Tensor,
    decay: Tensor | None,
) -> None:
    """`AdamW.update` where numbers are tensors; what it seems to store the kernel never does.

    Args:
        new1, new2: 1 - beta1 and 1 - beta2, the shares of the new gradient in the moments.
    """
    grad = grad.to(m.dtype)
    m.lerp_(grad, new1)
    v.lerp_(grad.square(), new2)
    p.sub_(step_size * m / (v.sqrt() + eps))
    if decay is not None:
        p.mul_(1 - decay)
