"""How weights begin; each function fills a tensor in place and returns it."""

from __future__ import annotations

import math
from typing import Any

from tinytorch.autograd import no_grad
from tinytorch.missing import no_such_name
from tinytorch.tensor import Tensor


@no_grad
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    return tensor.uniform_(a, b, generator)


@no_grad
def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    return tensor.normal_(mean, std, generator)


@no_grad
def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0,
    generator: Any = None,
) -> Tensor:  # fmt: skip
    """Normal numbers; those outside [a, b] are drawn again."""
    tensor.normal_(mean, std, generator)
    while not tensor.storage.meta and bool((outside := (tensor < a) | (tensor > b)).any()):
        again = tensor.clone().normal_(mean, std, generator)
        tensor[outside] = again[outside]
    return tensor


@no_grad
def constant_(tensor: Tensor, value: float) -> Tensor:
    return tensor.fill_(value)


def zeros_(tensor: Tensor) -> Tensor:
    return constant_(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    return constant_(tensor, 1.0)


def kaiming_uniform_(tensor: Tensor, a: float = 0.0) -> Tensor:
    """He et al. 2015, https://arxiv.org/abs/1502.01852, equation 15, for a (out, in) matrix."""
    bound = math.sqrt(6 / ((1 + a * a) * tensor.shape[1]))
    return uniform_(tensor, -bound, bound)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Glorot and Bengio 2010, equation 16, for a (out, in) matrix."""
    bound = gain * math.sqrt(6 / (tensor.shape[0] + tensor.shape[1]))
    return uniform_(tensor, -bound, bound)


def __getattr__(name: str) -> Any:
    no_such_name("nn.init", name, globals())
