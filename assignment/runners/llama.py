"""Feeds the functions of `llama.py`, each alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor, nn

import llama
from assignment.cases import TINY
from assignment.runners.standins import StandInAttention, StandInFeedForward, StandInNorm
from assignment.runners.tensors import Tensors, as_told, differ, kept
from cache import attention_context


def run_rmsnorm(given: Tensors) -> dict[str, Tensor]:
    x = given["x"]
    norm = llama.RMSNorm(x.shape[-1], eps=float(given["eps"])).to(x.dtype)
    nn.init.constant_(norm.weight, 3.0)  # which is forward's business
    before = x.clone()
    with as_told(norm, given):
        return {"normalised": norm._norm(x), "input_kept": kept(x, before)}


def run_attention(given: Tensors) -> dict[str, Tensor]:
    attention = llama.Attention(TINY)
    attention.attn_dropout = nn.Dropout(0.5)

    def attend() -> Tensor:
        return attention.compute_query_key_value_scores(
            given["query"], given["key"], given["value"], given.get("mask")
        )

    if "dropout" in given:
        return attend_in_training(attention, attend, given)
    with as_told(attention, given):
        attended = attend()
        return {"attended": attended, "calls_differ": differ(attended, attend())}


def attend_in_training(
    attention: llama.Attention, attend: Callable[[], Tensor], given: Tensors
) -> dict[str, Tensor]:
    """What the dropout leaves, however it is spelt: the values show the weights and their sum."""
    p = float(given["dropout"])
    attention.attn_dropout = nn.Dropout(p)
    attention.train()
    *_, S = given["mask"].shape
    weights, total = attend().split([S, 1], dim=-1)
    attention.eval()
    allowed = given["mask"].expand(weights.shape)
    return {
        "share_dropped": (weights == 0)[allowed].double().mean(),
        "kept": torch.where(weights == 0, attend()[..., :S], weights * (1 - p)),
        "beside_the_sum": total[..., 0] - weights.sum(dim=-1),
        "mask_ignored": (weights[~allowed] != 0).any().long(),
    }


def run_swiglu(given: Tensors) -> dict[str, Tensor]:
    width = given["w1.weight"].shape
    feed_forward = llama.FeedForward(width[1], width[0], 1, dropout=0.5)
    feed_forward.load_state_dict({n: given[n] for n in feed_forward.state_dict()}, assign=True)
    with as_told(feed_forward, given):
        activated = feed_forward.SwiGLU(given["x"])
        return {
            "activated": activated,
            "share_of_zeros": torch.as_tensor(activated == 0).double().mean(),
            "calls_differ": differ(activated, feed_forward.SwiGLU(given["x"])),
        }


def run_layer(given: Tensors) -> dict[str, Tensor]:
    layer = llama.LlamaLayer(0, TINY)
    parts: dict[str, Any] = {
        "attention": StandInAttention(given["attention"]),
        "feed_forward": StandInFeedForward(given["feed_forward"]),
        "attention_norm": StandInNorm(given["attention_norm"]),
        "ffn_norm": StandInNorm(given["ffn_norm"]),
    }
    for name, part in parts.items():
        setattr(layer, name, part)
    x, real = given["x"], given.get("real")
    context = attention_context(TINY, x.shape[0], x.shape[1], x.device, real)
    with as_told(layer, given):
        return {"stream": blank_padding(cast(Tensor, layer(x, context)), real)}


def blank_padding(x: Tensor, real: Tensor | None) -> Tensor:
    """(B, T, ...) with zeros where a token is padding."""
    return x if real is None else x * real.reshape(*real.shape, *[1] * (x.ndim - 2))


RUNNERS = {
    "rmsnorm": run_rmsnorm,
    "attention": run_attention,
    "swiglu": run_swiglu,
    "layer": run_layer,
}
