"""Activation checkpointing: forget what a layer computed, and compute it again for its gradient.

Chen et al. 2016, https://arxiv.org/abs/1604.06174. Computing again costs up to a third more time,
so a layer does it only where it and the layers before it would keep more than there is room for:
never in a batch of short texts, mostly for one long text, whose attention weights grow with the
square of its length.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from llama import Llama, LlamaLayer

# Bytes that all layers together may keep for the backward pass.
LIMITS = {"auto": 1e9, "on": 0.0, "off": float("inf")}


def kept_bytes(layer: LlamaLayer, B: int, T: int) -> int:
    """About how much autograd keeps of one layer for a (B, T, C) input, in float32."""
    config = layer.attention.config
    C, F = config.dim, layer.feed_forward.w1.out_features
    norms = 6 * C  # two norms of three tensors: the input, normalised, scaled
    attention = 5 * C  # queries, repeated keys and values, the attended, copied to be contiguous
    projected = 2 * config.n_kv_heads * config.head_dim
    feed_forward = 4 * F  # gate, its SiLU, up, their product
    weights = config.n_heads * T  # of the attention, for one query
    return 4 * B * T * (norms + attention + projected + feed_forward + weights)


def checkpoint_layers(model: Llama, limit: float) -> None:
    """Let the layers keep activations up to `limit` bytes, all together, and recompute the rest.

    Gradients stay the same to the last bit, dropout included; names of parameters stay, too.
    """
    for layer in model.layers:
        assert isinstance(layer, LlamaLayer)
        layer.forward = partial(_forward, layer, layer.forward, limit)  # type: ignore[method-assign]


def _forward(
    layer: LlamaLayer, own: Callable[..., Tensor], limit: float, x: Tensor, context: Any = None
) -> Tensor:
    """A layer's own forward, recomputed where it and the layers before it would keep too much."""
    B, T, _ = x.shape
    if torch.is_grad_enabled() and (layer.layer_id + 1) * kept_bytes(layer, B, T) > limit:
        return checkpoint(own, x, context, use_reentrant=False)
    return own(x, context)
