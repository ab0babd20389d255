"""What runners say of tensors, and the mode that a case asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

Tensors = Mapping[str, Tensor]


@contextmanager
def as_told(module: nn.Module, given: Tensors) -> Iterator[None]:
    """In the mode that a case asks for; by default eval, with gradients."""
    module.train("training" in given)
    with torch.set_grad_enabled("no_grad" not in given):
        yield


def differ(a: Any, b: Any) -> Tensor:
    """1 where two calls came to different results, else 0."""
    same = not isinstance(a, Tensor) or torch.equal(a.nan_to_num(), b.nan_to_num())
    return torch.tensor(int(not same))


def is_whole(x: Tensor) -> Tensor:
    """1 where a tensor holds integers, else 0."""
    return torch.tensor(int(not x.is_floating_point()))


def kept(x: Tensor, before: Tensor) -> Tensor:
    """1 where an input is as it was before the call, else 0."""
    return torch.tensor(int(torch.equal(x, before)))
