"""One kernel for AdamW's step: the same arithmetic, in one pass over memory in place of a dozen."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from optimizer import AdamW

MOST = 4  # kernels that are compiled; other numbers than theirs run without


def compile_step(optimizer: AdamW) -> None:
    """Replace `optimizer.update` by what torch.compile makes of it; needs a working C++ compiler.

    Results differ from the uncompiled ones by rounding. One kernel serves all sizes and rates: what
    changes from step to step goes in as a 0-d tensor. The other numbers are constants of a kernel,
    a few seconds for each set; under a scheduler that cycles them the plain code takes over.
    """
    plain = optimizer.update
    kernel = torch.compile(plain, dynamic=True)
    known: set[tuple[float, ...]] = set()

    def update(p: Tensor, grad: Tensor, m: Tensor, v: Tensor, *given: Any) -> None:
        *constants, step_size, decay = given
        if len(known) < MOST:
            known.add(tuple(constants))
        if tuple(constants) not in known:
            plain(p, grad, m, v, *given)
            return
        numbers = (None if x is None else torch.tensor(float(x)) for x in (step_size, decay))
        kernel(p, grad, m, v, *constants, *numbers)

    optimizer.update = update  # type: ignore[method-assign, assignment]
