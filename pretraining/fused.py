"""Fast twins of two taught functions, for training: the attention and the loss."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from llama import Llama


def fuse_attention(model: Llama) -> None:
    """Let the layers of a causal model attend by torch's kernel, which keeps no scores.

    For windows alone: no padding and no cache, so that a token sees all that come before it.

    Raises:
        ValueError: the model is bidirectional.
    """
    if not model.config.causal:
        raise ValueError("fused attention: for causal models; this one is bidirectional")
    for layer in model.layers:
        attention: Any = layer.attention
        taught = attention.compute_query_key_value_scores
        attention.compute_query_key_value_scores = partial(_attend, attention, taught)


def _attend(
    attention: Any, taught: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None
) -> Tensor:
    """(B, H, T, D), as `Attention.compute_query_key_value_scores`."""
    if key.shape != query.shape or mask is None or mask.ndim != 2:  # a cache, or padding
        return taught(query, key, value, mask)
    dropout = attention.attn_dropout.p if attention.training else 0.0
    return F.scaled_dot_product_attention(query, key, value, is_causal=True, dropout_p=dropout)


def fused_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """`functional.cross_entropy` of (N, V) logits and (N,) targets, with its gradient at once.

    The gradient is the softmax less 1 at the target, over N: made of the exponentials that the loss
    takes anyway, where they lie, it needs no second pass with as many. In float32 inside.
    """
    return _CrossEntropy.apply(logits, targets)


class _CrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor) -> Tensor:
        count, targets = len(targets), targets[:, None]
        top = logits.amax(dim=-1, keepdim=True).float()
        shares = (logits - top).exp_()  # (N, V)
        sums = shares.sum(dim=-1, keepdim=True)
        loss = (sums.log() + top - logits.gather(-1, targets)).mean()
        if ctx.needs_input_grad[0]:
            one = torch.full(targets.shape, -1 / count, device=logits.device)
            shares.div_(sums * count).scatter_add_(-1, targets, one)
            ctx.save_for_backward(shares.to(logits.dtype))
        return loss

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (gradient,) = ctx.saved_tensors
        return gradient * gradients[0], None
