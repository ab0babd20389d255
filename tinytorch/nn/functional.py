"""Functions of networks, under torch's names; what is one operation stands in the table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinytorch import dtypes
from tinytorch.creation import arange, rand_like
from tinytorch.dtypes import dtype as dtype_of
from tinytorch.layout import Refused
from tinytorch.missing import no_such_name
from tinytorch.operations import TABLE
from tinytorch.tensor import Tensor, apply


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """(..., in) times the transpose of (out, in), plus (out,)."""
    return apply(TABLE["linear"], (input, weight, bias))


def embedding(input: Tensor, weight: Tensor) -> Tensor:
    """Rows of (V, C) by (...) indices: (..., C)."""
    return apply(TABLE["embedding"], (weight, input))


def softmax(input: Tensor, dim: int, dtype: dtype_of | None = None) -> Tensor:
    return (input if dtype is None else input.to(dtype)).softmax(dim)


def log_softmax(input: Tensor, dim: int, dtype: dtype_of | None = None) -> Tensor:
    return (input if dtype is None else input.to(dtype)).log_softmax(dim)


def relu(input: Tensor) -> Tensor:
    return input.relu()


def silu(input: Tensor) -> Tensor:
    return input.silu()


def sigmoid(input: Tensor) -> Tensor:
    return input.sigmoid()


def tanh(input: Tensor) -> Tensor:
    return input.tanh()


def dropout(input: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    """Each number is 0 with probability p, and otherwise 1 / (1 - p) times what it was."""
    if not 0 <= p <= 1:
        raise Refused(f"dropout: p={p}: must be from 0 to 1")
    if not training or p == 0:
        return input
    kept = (rand_like(input.detach()) >= p).to(input.dtype)
    return input * (kept / (1 - p) if p < 1 else kept)


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: Any = None) -> Tensor:
    """`value` (0) before and behind: (last axis before, behind, the one before it before, ...)."""
    if mode != "constant":
        raise Refused(f"pad: mode={mode}: constant is implemented")
    return apply(TABLE["pad"], (input,), {"pad": tuple(pad), "value": value or 0})


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """(...) integers to (..., classes): 1 at the integer's place, 0 elsewhere."""
    classes = int(tensor.max()) + 1 if num_classes == -1 else num_classes
    return (tensor[..., None] == arange(classes)).long()


def nll_loss(input: Tensor, target: Tensor, ignore_index: int = -100, reduction: str = "mean"
             ) -> Tensor:  # fmt: skip
    """The negative log-probability of each target: (N, classes) and (N,); or (N, classes, ...)."""
    if target.dtype != dtypes.int64:
        raise Refused(f"targets of {target.dtype.name}: must be int64, the number of a class")
    dim = 1 if input.ndim > 1 else 0
    classes = input.shape[dim]
    if target.shape != input.shape[:dim] + input.shape[dim + 1 :]:
        raise Refused(f"targets of shape {target.shape} for predictions of shape {input.shape}: "
                      "there must be one for each")  # fmt: skip
    real = target != ignore_index
    chosen = target.masked_fill(~real, 0)
    if chosen.numel() and not 0 <= int(chosen.min()) <= int(chosen.max()) < classes:
        raise IndexError(f"a target is out of range: must be from 0 to {classes - 1}")
    losses = (-input.gather(dim, chosen.unsqueeze(dim)).squeeze(dim)).masked_fill(~real, 0.0)
    if reduction == "none":
        return losses
    total = losses.sum()
    if reduction == "sum":
        return total
    if reduction != "mean":
        raise Refused(f"reduction={reduction}: must be none, mean or sum")
    return total / real.sum().to(input.dtype)


def cross_entropy(input: Tensor, target: Tensor, ignore_index: int = -100, reduction: str = "mean"
                  ) -> Tensor:  # fmt: skip
    """The negative log-probability of each target under a softmax of (N, classes) logits."""
    logits = input.log_softmax(1 if input.ndim > 1 else 0)
    return nll_loss(logits, target, ignore_index, reduction)


def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """The squared difference."""
    losses = (input - target).pow(2)
    return {"none": lambda: losses, "mean": losses.mean, "sum": losses.sum}[reduction]()


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """Divided by the root of the sum of squares along an axis, or by eps where that is less."""
    if p != 2:
        raise Refused(f"normalize: p={p}: 2 is implemented")
    return input / input.norm(dim=dim, keepdim=True).clamp(min=eps)


def __getattr__(name: str) -> Any:
    no_such_name("nn.functional", name, globals())
