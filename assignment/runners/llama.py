"""Feeds the functions of `llama.py`, each alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import torch
from torch import Tensor, nn

import llama
import rope
from assignment.cases import TINY
from assignment.runners.standins import (
    StandInAttention,
    StandInFeedForward,
    StandInLayer,
    StandInNorm,
    in_place_of,
    stand_in_rotary,
)
from assignment.runners.tensors import Tensors, as_told, differ, kept
from cache import KeyValueCache, attention_context
from config import RopeScaling


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


def run_heads(given: Tensors) -> dict[str, Tensor]:
    with in_place_of(rope.apply_rotary_emb, stand_in_rotary):
        if "dropout" in given:
            return join_heads_in_training(given)
        first, second = (attention_of(given, layer_id) for layer_id in range(2))
        x, real = given["x"], given.get("real")
        with as_told(first, given), as_told(second, given):
            if "past" in given:
                return join_heads_with_a_cache([first, second], given)
            rows, T = x.shape[:2]
            context = attention_context(first.config, rows, T, x.device, real)
            asked = () if "alone" in given else (context,)
            joined, again = first(x, *asked), first(x, *asked)
            return {"stream": blank_padding(joined, real), "calls_differ": differ(joined, again)}


def attention_of(given: Tensors, layer_id: int, dropout: float = 0.5) -> llama.Attention:
    """An attention with the given weights, of the tiny shape but for what a case changes."""
    config = replace(
        TINY,
        head_dim=int(given.get("head_dim", TINY.head_dim)),
        causal="both_ways" not in given,
        rope_scaling=RopeScaling("linear", float(given["slowed"])) if "slowed" in given else None,
    )
    attention = llama.Attention(config, layer_id)
    attention.load_state_dict({n: given[n] for n in attention.state_dict()}, assign=True)
    attention.attn_dropout = attention.resid_dropout = nn.Dropout(dropout)
    return attention


def join_heads_with_a_cache(layers: list[llama.Attention], given: Tensors) -> dict[str, Tensor]:
    """Two layers read two chunks of a text, each its own stream, with one cache."""
    config, past, real = layers[0].config, int(given["past"]), given["real"]
    B, S, _ = given["x"].shape
    cache = KeyValueCache(config, B, S, dtype=given["x"].dtype)
    found: list[list[Tensor]] = [[], []]
    for chunk in (slice(past), slice(past, S)):
        mask = real[:, chunk]
        context = attention_context(config, B, mask.shape[1], real.device, mask, cache)
        for layer, x, outputs in zip(layers, (given["x"], given["other"]), found, strict=True):
            outputs.append(layer(x[:, chunk], context))
    stream, other = (blank_padding(torch.cat(outputs, dim=1), real) for outputs in found)
    return {"stream": stream, "stream_of_another_layer": other}


def join_heads_in_training(given: Tensors) -> dict[str, Tensor]:
    """What the dropout leaves of the result, however it is spelt."""
    p = float(given["dropout"])
    attention = attention_of(given, 0, p)
    attention.attn_dropout = nn.Dropout(0.0)
    with torch.no_grad():
        return left_by_dropout(attention.train()(given["x"]), attention.eval()(given["x"]), p)


def left_by_dropout(dropped: Tensor, whole: Tensor, p: float) -> dict[str, Tensor]:
    """The share of a result that is gone in train mode, and the others, scaled back."""
    gone = dropped == 0
    kept = torch.where(gone, whole, dropped * (1 - p))
    return {"share_dropped": gone.double().mean(), "kept": kept}


def run_forward_pass(given: Tensors) -> dict[str, Tensor]:
    model = joined_model(given)
    tokens, real = given["tokens"], given.get("real")
    targets = tokens if "targets" in given else None
    if "dropout" in given:
        return read_in_training(model, tokens, float(given["dropout"]))
    with as_told(model, given):
        if "past" in given:
            return read_in_chunks(model, given)
        logits, hidden = model(tokens, targets, mask=real)
    if targets is not None:
        logits = blank_padding(logits, real)
    return {"logits": logits, "hidden_states": blank_padding(hidden, real)}


@torch.no_grad()
def read_in_training(model: llama.Llama, tokens: Tensor, p: float) -> dict[str, Tensor]:
    """What the dropout leaves of the embeddings, of which the model shows each number twice."""
    (_, dropped), (_, whole) = model.train()(tokens), model.eval()(tokens)
    one, other = (dropped == 0).chunk(2, dim=-1)
    late = torch.tensor(int(not torch.equal(one, other)))
    return left_by_dropout(dropped, whole, p) | {"dropped_after_the_layers": late}


def joined_model(given: Tensors) -> llama.Llama:
    """A model of stand-ins; what it predicts with is a matrix of its own."""
    C = TINY.dim
    config = replace(TINY, n_heads=1, n_kv_heads=1, head_dim=C, tie_embeddings=False)
    model = llama.Llama(config)
    model.tok_embeddings.weight = nn.Parameter(given["tok_embeddings"])
    model.output.weight = nn.Parameter(given["output"])
    parts: dict[str, Any] = {
        "layers": nn.ModuleList(StandInLayer(w, i) for i, w in enumerate(given["layers"])),
        "norm": StandInNorm(given["norm"]),
        "dropout": nn.Dropout(float(given.get("dropout", 0.5))),
    }
    for name, part in parts.items():
        setattr(model, name, part)
    return model


def read_in_chunks(model: llama.Llama, given: Tensors) -> dict[str, Tensor]:
    """A text in two parts, with a cache."""
    tokens, real, past = given["tokens"], given["real"], int(given["past"])
    cache = KeyValueCache(model.config, *tokens.shape, dtype=given["norm"].dtype)
    logits, hidden = model(tokens[:, :past], mask=real[:, :past], cache=cache)
    more_logits, more_hidden = model(tokens[:, past:], mask=real[:, past:], cache=cache)
    return {
        "logits": torch.cat((logits, more_logits), dim=1),
        "hidden_states": blank_padding(torch.cat((hidden, more_hidden), dim=1), real),
    }


def blank_padding(x: Tensor, real: Tensor | None) -> Tensor:
    """(B, T, ...) with zeros where a token is padding."""
    return x if real is None else x * real.reshape(*real.shape, *[1] * (x.ndim - 2))


RUNNERS = {
    "rmsnorm": run_rmsnorm,
    "attention": run_attention,
    "swiglu": run_swiglu,
    "layer": run_layer,
    "heads": run_heads,
    "forward_pass": run_forward_pass,
}
