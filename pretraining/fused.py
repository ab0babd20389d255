"""The fast twin of the taught attention, for training: torch's fused one, which keeps no scores."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from llama import Llama


def fuse_attention(model: Llama) -> None:
    """Let the layers of a causal model attend by torch's kernel, with the same results.

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
