"""Feeds the functions of `vision/encoder.py`, each alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from assignment.runners.tensors import Tensors, differ, kept
from vision import encoder


def run_patches(given: Tensors) -> dict[str, Tensor]:
    pictures, size = given["pictures"], int(given["patch_size"])
    if "unfit" in given:
        return refused(lambda: encoder.cut_patches(pictures, size))
    before = pictures.clone()
    patches = encoder.cut_patches(pictures, size)
    return {"patches": patches, "input_kept": kept(pictures, before)}


def run_positions(given: Tensors) -> dict[str, Tensor]:
    length, d_model = int(given["length"]), int(given["d_model"])
    if "unfit" in given:
        return refused(lambda: encoder.sine_positions(length, d_model))
    return {"waves": encoder.sine_positions(length, d_model)}


def refused(call: Callable[[], Any]) -> dict[str, Tensor]:
    """1 where a call raises a ValueError, else 0."""
    try:
        call()
    except ValueError:
        return {"refused": torch.tensor(1)}
    return {"refused": torch.tensor(0)}


def run_multi_head(given: Tensors) -> dict[str, Tensor]:
    x = given["x"]
    attention = encoder.MultiHeadAttention(x.shape[-1], int(given["num_heads"]), dropout=0.5)
    fill(attention, given).eval()
    if "dropout" in given:
        return attend_in_training(attention, given)
    gathered, weights = attention(x)
    again, _ = attention(x)
    return {"weights": weights, "gathered": gathered, "calls_differ": differ(gathered, again)}


def attend_in_training(attention: encoder.MultiHeadAttention, given: Tensors) -> dict[str, Tensor]:
    """What the dropout leaves: the values of each head are unit vectors, and a one for the sum."""
    x, p = given["x"], float(given["dropout"])
    B, T, _ = x.shape
    _, right = attention(x)
    attention.dropout = nn.Dropout(p)
    attention.train()
    gathered, returned = attention(x)
    by_head = gathered.reshape(B, T, attention.num_heads, T + 1).transpose(1, 2)
    weights, total = by_head.split([T, 1], dim=-1)
    return {
        "share_dropped": (weights == 0).double().mean(),
        "kept": torch.where(weights == 0, right, weights * (1 - p)),
        "beside_the_sum": total[..., 0] - weights.sum(dim=-1),
        "weights": returned,
    }


def run_feed_forward(given: Tensors) -> dict[str, Tensor]:
    x = given["x"]
    feed_forward = encoder.PositionWiseFeedForward(x.shape[-1], len(given["up.bias"]), dropout=0.5)
    fill(feed_forward, given).eval()
    features = feed_forward(x)
    outputs = {"features": features, "calls_differ": differ(features, feed_forward(x))}
    if "dropout" not in given:
        return outputs
    p = float(given["dropout"])  # `down` is the identity here, so that what is hidden comes out
    feed_forward.dropout = nn.Dropout(p)
    left = feed_forward.train()(x)
    return outputs | {
        "share_dropped": (left == 0)[features > 0].double().mean(),
        "kept": torch.where(left == 0, features, left * (1 - p)),
    }


class StandInAttention(nn.Module):
    """Each patch and twice the mean of all, projected; its weights are of no use to anyone."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return (x + 2 * x.mean(dim=1, keepdim=True)) @ self.weight, x.new_zeros(1)


class StandInFeedForward(nn.Module):
    """One projection and a tanh."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.weight)


class Constant(nn.Module):
    """The same numbers whatever comes in, alone or with others."""

    def __init__(self, number: float, *others: Tensor) -> None:
        super().__init__()
        self.number, self.others = number, others

    def forward(self, x: Tensor) -> Any:
        numbers = torch.full_like(x, self.number)
        return (numbers, *self.others) if self.others else numbers


def run_encoder_layer(given: Tensors) -> dict[str, Tensor]:
    x, p = given["x"], float(given.get("dropout", torch.tensor(0.5)))
    layer: Any = encoder.EncoderLayer(x.shape[-1], 1, 1, p, bool(given["norm_first"])).eval()
    if "dropout" in given:
        layer.attention, layer.feed_forward = Constant(1.0, torch.zeros(1)), Constant(4.0)
        layer.attention_norm = layer.feed_forward_norm = nn.Identity()
    else:
        layer.attention = StandInAttention(given["attention"])
        layer.feed_forward = StandInFeedForward(given["feed_forward"])
        fill(layer.attention_norm, given, "attention_norm.")
        fill(layer.feed_forward_norm, given, "feed_forward_norm.")
    before = x.clone()
    if "dropout" in given:
        # Of each number 1 and 4 are left or not, and what is left has grown by 1 / (1 - p).
        added = (layer.train()(x) - x) * (1 - p)
        after = added > 2.5
        first = added - 4 * after.to(added.dtype)
        return {
            "share_dropped": (first < 0.5).double().mean(),
            "share_dropped_after": (~after).double().mean(),
            "beside_one": torch.minimum(first.abs(), (first - 1).abs()),
            "input_kept": kept(x, before),
        }
    return {"features": layer(x), "input_kept": kept(x, before)}


class StandInEmbedding(nn.Module):
    """The mean colour of each patch, projected."""

    def __init__(self, weight: Tensor, patch_size: int) -> None:
        super().__init__()
        self.weight, self.patch_size = nn.Parameter(weight), patch_size

    def forward(self, pictures: Tensor) -> Tensor:
        means = F.avg_pool2d(pictures, self.patch_size)  # (B, channels, rows, columns)
        return means.flatten(2).transpose(1, 2) @ self.weight


class StandInLayer(nn.Module):
    """A patch and the mean of all, projected, added to the stream."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + torch.tanh((x + x.mean(dim=1, keepdim=True)) @ self.weight)


def run_encoder(given: Tensors) -> dict[str, Tensor]:
    pictures, patch_size = given["pictures"], int(given["patch_size"])
    _, channels, side, _ = pictures.shape
    classes, C = given["head.weight"].shape
    p = float(given.get("dropout", torch.tensor(0.5)))
    model: Any = encoder.TransformerEncoder(
        side, patch_size, C, 1, 0, 1, classes, channels=channels, dropout=p,
        positions="learned", norm_first="norm.weight" in given,
    )  # fmt: skip
    model.embedding = StandInEmbedding(given["embedding"], patch_size)
    model.positions.position = nn.Parameter(given["position"])
    model.layers.extend(StandInLayer(weight) for weight in given["layers"])
    fill(model.head, given, "head.")
    if "norm.weight" in given:
        fill(model.norm, given, "norm.")
    model.eval()
    right = model(pictures)
    if "dropout" not in given:
        return {"class_logits": right, "calls_differ": differ(right, model(pictures))}
    # One patch, no layer, and a head that changes nothing: what dropout leaves comes out.
    left = model.train()(pictures)
    return {
        "class_logits": right,
        "share_dropped": (left == 0).double().mean(),
        "kept": torch.where(left == 0, right, left * (1 - p)),
    }


def fill(module: nn.Module, given: Tensors, start: str = "") -> nn.Module:
    """A module with the given weights, in their precision."""
    module.load_state_dict({n: given[start + n] for n in module.state_dict()}, assign=True)
    return module


RUNNERS = {
    "patches": run_patches,
    "positions": run_positions,
    "multi_head": run_multi_head,
    "feed_forward": run_feed_forward,
    "encoder_layer": run_encoder_layer,
    "encoder": run_encoder,
}
