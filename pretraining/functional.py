"""What a language model's loss is made of, by hand."""

from __future__ import annotations

from torch import Tensor


def softmax(x: Tensor, dim: int) -> Tensor:
    """Turn numbers into shares of 1 along a dimension: exp(x) over the sum of all exp(x).

    The greatest is subtracted first: it changes nothing of the result, and exp(1000) is infinite.

    Args:
        x: (...), of any shape.
        dim: along which the shares add up to 1.
    """
    exponentials = (x - x.amax(dim=dim, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim=dim, keepdim=True)


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """The mean of -log softmax(logits)[target], in nats.

    The logarithm of the exponential is never taken: log softmax(x)_i = x_i - log sum exp(x), and
    with the greatest subtracted from all x no exponential is infinite, nor the sum zero.

    Args:
        logits: (..., V), over any leading axes.
        targets: (...), the index of the right one.

    Returns:
        A scalar.

    Raises:
        ValueError: the leading axes differ.
    """
    if logits.shape[:-1] != targets.shape:
        raise ValueError(
            f"logits of {tuple(logits.shape)} and targets of {tuple(targets.shape)}: the targets "
            "have the axes of the logits but for the last one"
        )
    logits = logits - logits.amax(dim=-1, keepdim=True)
    right = logits.gather(-1, targets[..., None])[..., 0]
    return (logits.exp().sum(dim=-1).log() - right).mean()
