"""Activation checkpointing: forget what a layer computed, and compute it again for its gradient.

Chen et al. 2016, https://arxiv.org/abs/1604.06174. Computing again costs up to a third more time,
so a layer does it only where it and the layers before it would keep more than there is room for:
never in a batch of short texts, mostly for one long text, whose attention weights grow with the
square of its length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

# Bytes that all layers together may keep for the backward pass.
LIMITS = {"auto": 1e9, "on": 0.0, "off": float("inf")}

KeptBytes = Callable[[int, int], float]  # (B, T) to bytes that one layer keeps


def checkpoint_layers(layers: Iterable[nn.Module], kept_bytes: KeptBytes, limit: float) -> None:
    """Let a stack's layers keep `limit` bytes of activations, all together, and recompute the rest.

    Gradients stay the same to the last bit, dropout included; names of parameters stay, too.

    Args:
        layers: in their order; the first argument of each is (B, T, ...).
        kept_bytes: such as `LlamaPreTrainedModel.activation_bytes`.
    """
    for depth, layer in enumerate(layers, start=1):
        layer.forward = partial(_forward, layer.forward, depth, kept_bytes, limit)


def _forward(
    own: Callable[..., Tensor],
    depth: int,
    kept_bytes: KeptBytes,
    limit: float,
    x: Tensor,
    *others: Any,
) -> Tensor:
    """A layer's own forward, recomputed where it and the layers before it would keep too much."""
    if torch.is_grad_enabled() and depth * kept_bytes(x.shape[0], x.shape[1]) > limit:
        return checkpoint(own, x, *others, use_reentrant=False)
    return own(x, *others)
