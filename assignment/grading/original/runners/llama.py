"""Feeds the functions of `llama.py`, each alone."""

from __future__ import annotations

import importlib
import inspect
import math
from typing import Any

import torch
from torch import Tensor, nn

from .parts import (
    Given,
    StandInAttention,
    StandInFeedForward,
    StandInNorm,
    Tensors,
    replaced,
    tiny_config,
)

DRAWS = 1_000  # of the next token: fewer than ours, since some can be had only one by one
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
    config = tiny_config(n_kv_heads=query.shape[1], dropout=0.5)
    attention = importlib.import_module("llama").Attention(config).train(drops)
    if drops:
        query, key, value = (x.expand(COPIES, -1, -1, -1) for x in (query, key, value))
    B, _, T, _ = query.shape
    outputs = {}
    with torch.no_grad():
        if takes_three(attention.compute_query_key_value_scores):
            outputs["attended"] = attention.compute_query_key_value_scores(query, key, value)
            again = attention.compute_query_key_value_scores(query, key, value)
            outputs["calls_differ"] = differ(outputs["attended"], again)
        rows = [x.transpose(1, 2).reshape(B, T, -1) for x in (query, key, value)]
        attention.compute_query, attention.compute_key, attention.compute_value = map(Given, rows)
        attention.compute_output = nn.Identity()
        attention.resid_dropout = nn.Identity()
        with replaced("apply_rotary_emb", lambda q, k, *_, **__: (q, k), "llama", "rope"):
            outputs["forwarded"] = attention(torch.zeros(B, T, config.dim))
    if not drops:
        return outputs
    found = {name: x for name, x in outputs.items() if name != "calls_differ"}
    averages = {f"{name}_on_average": x.mean(dim=0) for name, x in found.items()}
    return averages | {f"{name}_copies_differ": differ(x, x[:1]) for name, x in found.items()}


def differ(one: Tensor, other: Tensor) -> Tensor:
    """Whether two results do; what is no number is like itself."""
    return ((one != other) & ~(one.isnan() & other.isnan())).any().long()


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
    model = SaysGiven(logits, temperature)
    options = {n: float(given[n]) for n in ("top_p", "epsilon") if n in given}
    draws = 1 if temperature == 0 else DRAWS
    try:
        rows = torch.arange(B).repeat_interleave(draws)
        drawn, alone = model.written(rows, 1, options).reshape(B, draws), torch.tensor(0)
    except NotImplementedError:
        raise
    except Exception:  # the course never generates more than one text at a time
        each = [model.written(row, draws, options) for row in torch.arange(B).split(1)]
        drawn, alone = torch.cat(each), torch.tensor(1)
    if temperature == 0:
        again = model.written(rows[:1], 1, options)
        return {"tokens": drawn, "one_by_one": alone, "calls_differ": differ(drawn[:1], again)}
    shares = torch.stack([(drawn == token).sum(dim=1) / draws for token in range(V)], dim=1)
    if "kept" not in given:
        return {"shares": shares, "one_by_one": alone}
    kept = shares * given["kept"]
    outside = (shares * given["filtered"]).sum(dim=-1)
    kept = kept / kept.sum(dim=-1, keepdim=True)
    return {"kept": kept, "outside": outside, "one_by_one": alone}


class SaysGiven:
    """A learner's model that says rows of the given logits, whatever it has written already."""

    def __init__(self, logits: Tensor, temperature: float) -> None:
        model = importlib.import_module("llama").Llama(tiny_config(vocab_size=len(logits[0]) + 1))
        defaults = inspect.signature(model.generate).parameters.items()
        self.filters = {n: x.default for n, x in defaults if isinstance(x.default, float)}
        if "top_p" in self.filters:
            logits = with_a_last_one(logits, temperature)

        def forward(tokens: Tensor, targets: Tensor | None = None) -> tuple[Tensor, Tensor]:
            T = 1 if targets is None else tokens.shape[1]
            return self.said[:, None].repeat(1, T, 1), tokens[..., None]

        self.model, self.logits, self.temperature = model.eval(), logits, temperature
        model.forward = forward

    def written(self, rows: Tensor, new: int, options: dict[str, float]) -> Tensor:
        """(B, new) tokens that `generate` writes by rows (B,) of the logits.

        A filter without an option lets all through.
        """
        self.said = self.logits[rows]
        open_wide = {"top_p": 0.999, "epsilon": 1e-9} | options
        options = {name: x for name, x in open_wide.items() if name in self.filters}
        text = rows[:, None]
        return self.model.generate(text, new, temperature=self.temperature, **options)[:, 1:]


def with_a_last_one(logits: Tensor, temperature: float) -> Tensor:
    """One token more, of so small a share that it does not matter whether a `top_p` keeps it.

    Some years keep the token that crosses the limit, some do not.
    """
    scale = temperature or 1.0
    last = (logits / scale).logsumexp(dim=-1, keepdim=True) + math.log(0.002)
    return torch.cat((logits, last * scale), dim=-1)


RUNNERS = {
    "rmsnorm": run_rmsnorm,
    "attention": run_attention,
    "layer": run_layer,
    "sampling": run_sampling,
}
