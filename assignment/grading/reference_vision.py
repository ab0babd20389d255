"""The encoder of pictures once more, in NumPy and float64: the oracle of the first day's checks.

Written to be checked by eye, one patch or head at a time, and sharing nothing with the encoder but
the names of the weights. Shapes: see vision/encoder.py.
"""

from __future__ import annotations

from collections.abc import MutableMapping

import numpy as np

from assignment.arrays import Array, Arrays
from assignment.grading import reference

EPS = 1e-5  # of a LayerNorm, as torch has it


def cut_patches(pictures: Array, size: int) -> Array:
    """(B, channels, height, width) to (B, T, channels * P * P), one patch after the other."""
    _, _, height, width = pictures.shape
    patches = [
        pictures[:, :, top : top + size, left : left + size].reshape(len(pictures), -1)
        for top in range(0, height, size)
        for left in range(0, width, size)
    ]
    return np.stack(patches, axis=1)


def sine_positions(length: int, d_model: int) -> Array:
    """(T, C), one number at a time."""
    waves = np.zeros((length, d_model))
    for place, feature in np.ndindex(waves.shape):
        angle = place / 10000 ** (feature // 2 * 2 / d_model)
        waves[place, feature] = np.cos(angle) if feature % 2 else np.sin(angle)
    return waves


def linear(x: Array, w: Arrays, name: str) -> Array:
    return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def layernorm(x: Array, w: Arrays, name: str) -> Array:
    return reference.layernorm(x, EPS) * w[f"{name}.weight"] + w[f"{name}.bias"]


def multi_head(x: Array, w: Arrays, num_heads: int) -> tuple[Array, Array]:
    """(B, T, C) and the weights (B, H, T, T), one head at a time."""
    B, T, C = x.shape
    D = C // num_heads
    query, key, value = (linear(x, w, name) for name in ("query", "key", "value"))
    gathered, weights = np.zeros((B, T, C)), np.zeros((B, num_heads, T, T))
    for b, head in np.ndindex(B, num_heads):
        own = slice(head * D, (head + 1) * D)
        weights[b, head] = reference.softmax(query[b, :, own] @ key[b, :, own].T / np.sqrt(D))
        gathered[b, :, own] = weights[b, head] @ value[b, :, own]
    return linear(gathered, w, "output"), weights


def feed_forward(x: Array, w: Arrays) -> Array:
    return linear(np.maximum(0, linear(x, w, "up")), w, "down")


def standin_layer(x: Array, w: Arrays, norm_first: bool) -> Array:
    """How a layer joins the stand-ins of its parts (`runners/encoder.py`)."""

    def attention(x: Array) -> Array:
        return (x + 2 * x.mean(axis=1, keepdims=True)) @ w["attention"]

    def thought(x: Array) -> Array:
        return np.tanh(x @ w["feed_forward"])

    if norm_first:
        h = x + attention(layernorm(x, w, "attention_norm"))
        return h + thought(layernorm(h, w, "feed_forward_norm"))
    h = layernorm(x + attention(x), w, "attention_norm")
    return layernorm(h + thought(h), w, "feed_forward_norm")


def standin_encoder(pictures: Array, w: Arrays, patch_size: int, norm_first: bool) -> Array:
    """How the whole encoder joins its stand-ins (`runners/encoder.py`)."""
    B, channels, height, width = pictures.shape
    rows, columns = height // patch_size, width // patch_size
    grid = pictures.reshape(B, channels, rows, patch_size, columns, patch_size)
    means = grid.mean(axis=(3, 5)).reshape(B, channels, -1).transpose(0, 2, 1)  # (B, T, channels)
    x = means @ w["embedding"] + w["position"]
    for layer in w["layers"]:
        x = x + np.tanh((x + x.mean(axis=1, keepdims=True)) @ layer)
    if norm_first:
        x = layernorm(x, w, "norm")
    return linear(x.mean(axis=1), w, "head")


def encoder(
    pictures: Array,
    w: Arrays,
    patch_size: int,
    num_heads: int,
    stages: MutableMapping[str, Array] | None = None,
) -> Array:
    """Logits (B, classes) of an encoder that is normalised first, with waves as positions.

    `stages` takes up what stands on the way.
    """
    w = {name: np.asarray(weight, np.float64) for name, weight in w.items()}
    stages = {} if stages is None else stages
    x = linear(cut_patches(np.asarray(pictures, np.float64), patch_size), w, "embedding.project")
    stages["embedding"] = x
    x = x + sine_positions(*x.shape[1:])
    stages["positions"] = x
    for index in range(number_of_layers(w)):
        start = f"layers.{index}"
        own = {n.removeprefix(f"{start}."): p for n, p in w.items() if n.startswith(f"{start}.")}
        parts = {
            part: {n.removeprefix(f"{part}."): p for n, p in own.items() if n.startswith(part)}
            for part in ("attention", "feed_forward")
        }
        gathered, weights = multi_head(
            layernorm(x, own, "attention_norm"), parts["attention"], num_heads
        )
        stages[f"{start}.attention: weights"] = weights
        stages[f"{start}.attention"] = gathered
        h = x + gathered
        stages[f"{start}.feed_forward"] = feed_forward(
            layernorm(h, own, "feed_forward_norm"), parts["feed_forward"]
        )
        x = h + stages[f"{start}.feed_forward"]
        stages[start] = x
    return linear(layernorm(x, w, "norm").mean(axis=1), w, "head")


def number_of_layers(w: Arrays) -> int:
    return len({name.split(".")[1] for name in w if name.startswith("layers.")})


def slopes(given: Arrays, patch_size: int, num_heads: int) -> Array:
    """The loss's slope along a direction in each parameter, by a central difference."""
    w = {name: np.asarray(x, np.float64) for name, x in given.items()}
    labels, width = given["labels"], 1e-5

    def loss(weights: Arrays) -> float:
        probabilities = reference.softmax(encoder(w["pictures"], weights, patch_size, num_heads))
        return float(-np.log(probabilities)[np.arange(len(labels)), labels].mean())

    found = []
    for name in (n.removeprefix("direction.") for n in given if n.startswith("direction.")):
        step = width * w[f"direction.{name}"]
        ahead, behind = loss(w | {name: w[name] + step}), loss(w | {name: w[name] - step})
        found.append((ahead - behind) / (2 * width))
    return np.array(found)
