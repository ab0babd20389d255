"""One kernel for AdamW's step: the same arithmetic, in one pass over memory in place of a dozen."""

from __future__ import annotations

from typing import Any

import torch

from optimizer import AdamW


def compile_step(optimizer: AdamW) -> None:
    """Replace `optimizer.update` by what torch.compile makes of it; needs a C++ compiler.

    Results differ from the uncompiled ones by rounding. One kernel serves all sizes, but a Python
    number would be a constant of it: what changes from step to step goes in as a 0-d tensor.
    """
    kernel = torch.compile(optimizer.update, dynamic=True)

    def update(*given: Any) -> None:
        *constant, step_size, decay = given
        numbers = (None if x is None else torch.tensor(x) for x in (step_size, decay))
        kernel(*constant, *numbers)

    optimizer.update = update  # type: ignore[method-assign, assignment]
