"""Feeds the functions of `llama.py`, each alone."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import torch
from torch import Tensor, nn

from assignment.cases import DRAWS

from .parts import (
    Given,
    StandInAttention,
    StandInFeedForward,
    StandInNorm,
    Tensors,
    replaced,
    tiny_config,
)

COPIES = 20_000  # of a row in train mode: an average is known to less than 0.01 of its values


def run_rmsnorm(given: Tensors) -> dict[str, Tensor]:
    """By its own function and as a layer: a learner may divide the work between the two."""
    x = given["x"]
    llama: Any = importlib.import_module("llama")
    kind = llama.LayerNorm if "layer_norm" in given else llama.RMSNorm
    norm = kind(x.shape[-1], eps=float(given["eps"]))
    nn.init.constant_(norm.weight, 3.0)
    with torch.no_grad():
        outputs = {"forwarded": norm(x.clone())}
        if hasattr(norm, "_norm"):
            outputs["normalised"] = norm._norm(x.clone())
    return outputs


def run_attention(given: Tensors) -> dict[str, Tensor]:
    """By its own function and as a layer: a learner may build the mask in either."""
    query, key, value = (given[name] for name in ("query", "key", "value"))
    drops = "drops" in given
    config = tiny_config(n_kv_heads=query.shape[1], dropout=0.5 if drops else 0.0)
    attention = importlib.import_module("llama").Attention(config).train(drops)
    if drops:
        query, key, value = (x.expand(COPIES, -1, -1, -1) for x in (query, key, value))
    B, _, T, _ = query.shape
    outputs = {}
    with torch.no_grad():
        if takes_three(attention.compute_query_key_value_scores):
            attended = attention.compute_query_key_value_scores(query, key, value)
            outputs["attended"] = attended
        rows = [x.transpose(1, 2).reshape(B, T, -1) for x in (query, key, value)]
        attention.compute_query, attention.compute_key, attention.compute_value = map(Given, rows)
        attention.compute_output = nn.Identity()
        attention.resid_dropout = nn.Identity()
        with replaced("apply_rotary_emb", lambda q, k, *_, **__: (q, k), "llama", "rope"):
            outputs["forwarded"] = attention(torch.zeros(B, T, config.dim))
    if not drops:
        return outputs
    averages = {f"{name}_on_average": x.mean(dim=0) for name, x in outputs.items()}
    differ = {f"{name}_copies_differ": (x != x[:1]).any() for name, x in outputs.items()}
    return averages | differ


def takes_three(function: Any) -> bool:
    """Whether it can be called with query, key and value alone."""
    try:
        inspect.signature(function).bind(None, None, None)
    except TypeError:
        return False
    return True


def run_layer(given: Tensors) -> dict[str, Tensor]:
    layer = importlib.import_module("llama").LlamaLayer(0, tiny_config()).eval()
    layer.attention = StandInAttention(given["attention"])
    layer.feed_forward = StandInFeedForward(given["feed_forward"])
    layer.attention_norm = StandInNorm(given["attention_norm"])
    layer.ffn_norm = StandInNorm(given["ffn_norm"])
    with torch.no_grad():
        return {"stream": layer(given["x"])}


def run_sampling(given: Tensors) -> dict[str, Tensor]:
    """One new token after given logits, at temperature 0 once, else often enough to count."""
    logits, temperature = given["logits"], float(given["temperature"])
    B, V = logits.shape
    if temperature == 0:
        return {"tokens": next_tokens(logits, 0.0, given)}
    rows = logits.repeat_interleave(DRAWS, dim=0)
    drawn = next_tokens(rows, temperature, given).reshape(B, DRAWS)
    shares = torch.stack([(drawn == token).sum(dim=1) / DRAWS for token in range(V)], dim=1)
    if "kept" not in given:
        return {"shares": shares}
    kept = shares * given["kept"]
    outside = (shares * given["filtered"]).sum(dim=-1)
    return {"kept": kept / kept.sum(dim=-1, keepdim=True), "outside": outside}


def next_tokens(logits: Tensor, temperature: float, given: Tensors) -> Tensor:
    """(B, 1) tokens that `generate` appends when the model says these logits.

    Filters that a year of the course has are set to let everything through, or as the case says.
    """
    B, V = logits.shape
    model = importlib.import_module("llama").Llama(tiny_config(vocab_size=V)).eval()

    def forward(tokens: Tensor, targets: Tensor | None = None, **_: Any) -> tuple[Tensor, Tensor]:
        h = torch.zeros(*tokens.shape, model.config.dim)
        T = 1 if targets is None else tokens.shape[1]
        return logits[:, None].repeat(1, T, 1), h

    model.forward = forward
    known = inspect.signature(model.generate).parameters
    open_wide = {"top_p": 0.9999, "epsilon": 1e-9}
    options = {n: float(given.get(n, x)) for n, x in open_wide.items() if n in known}
    text = torch.ones(B, 3, dtype=torch.long)
    return model.generate(text, 1, temperature=temperature, **options)[:, 3:]


RUNNERS = {
    "rmsnorm": run_rmsnorm,
    "attention": run_attention,
    "layer": run_layer,
    "sampling": run_sampling,
}
