"""The model once more, as arithmetic in NumPy and float64: the oracle of checks and tests.

Written to be checked by eye against the papers, one position or head at a time where that is
plainer, and sharing nothing with the model but the names of the weights. Shapes: see config.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Weights = Mapping[str, Array]


def rope(x: Array, positions: Array, theta: float) -> Array:
    """Rotate (B, T, heads, D) as complex numbers: pair 2i, 2i+1 is one, turned by e^(i angle)."""
    D = x.shape[-1]
    as_complex = x[..., 0::2] + 1j * x[..., 1::2]
    positions = np.broadcast_to(positions, x.shape[:2])
    for pair in range(D // 2):
        angle = positions * theta ** (-2.0 * pair / D)  # (B, T)
        as_complex[..., pair] *= np.exp(1j * angle)[:, :, None]
    rotated = np.empty(x.shape)
    rotated[..., 0::2], rotated[..., 1::2] = as_complex.real, as_complex.imag
    return rotated


def rmsnorm(x: Array, eps: float) -> Array:
    """Divide each vector by the root of its mean square."""
    return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + eps)


def attention(
    query: Array, key: Array, value: Array, mask: Array | None, keep: Array | None = None
) -> Array:
    """One query at a time. `keep` (B, H, T, S) multiplies the weights, as dropout does."""
    B, H, T, D = query.shape
    S = key.shape[2]
    allowed = np.ones((B, H, T, S), bool) if mask is None else np.broadcast_to(mask, (B, H, T, S))
    out = np.zeros((B, H, T, D))
    for b, h, t in np.ndindex(B, H, T):
        seen = np.flatnonzero(allowed[b, h, t])
        scores = key[b, h, seen] @ query[b, h, t] / np.sqrt(D)
        weights = np.exp(scores - scores.max())
        weights /= weights.sum()
        if keep is not None:
            weights = weights * keep[b, h, t, seen]
        out[b, h, t] = weights @ value[b, h, seen]
    return out


def swiglu(x: Array, w1: Array, w3: Array) -> Array:
    """SiLU of the gate times the other projection; weights are (F, C)."""
    gate = x @ w1.T
    return gate / (1 + np.exp(-gate)) * (x @ w3.T)


def layer(x: Array, w: Weights, config: Any, real: Array | None = None) -> Array:
    """One decoder layer over (B, T, C); `w` has the names of `LlamaLayer.state_dict()`."""
    B, T, _ = x.shape
    D = config.head_dim
    real = np.ones((B, T), bool) if real is None else real
    positions = np.maximum(real.cumsum(axis=1) - 1, 0)
    normed = rmsnorm(x, config.layer_norm_eps) * w["attention_norm.weight"]
    query = (normed @ w["attention.compute_query.weight"].T).reshape(B, T, -1, D)
    key = (normed @ w["attention.compute_key.weight"].T).reshape(B, T, -1, D)
    value = (normed @ w["attention.compute_value.weight"].T).reshape(B, T, -1, D)
    query = rope(query, positions, config.rope_theta).transpose(0, 2, 1, 3)
    key = rope(key, positions, config.rope_theta).transpose(0, 2, 1, 3)
    value = value.transpose(0, 2, 1, 3)
    group = [head * config.n_kv_heads // config.n_heads for head in range(config.n_heads)]
    mask = np.repeat(real[:, None, None, :], T, axis=2)
    if config.causal:
        mask = mask & np.tri(T, dtype=bool)
    mask = mask | np.eye(T, dtype=bool)
    attended = attention(query, key[:, group], value[:, group], mask)
    joined = attended.transpose(0, 2, 1, 3).reshape(B, T, -1)
    h = x + joined @ w["attention.compute_output.weight"].T
    normed = rmsnorm(h, config.layer_norm_eps) * w["ffn_norm.weight"]
    up = swiglu(normed, w["feed_forward.w1.weight"], w["feed_forward.w3.weight"])
    return h + up @ w["feed_forward.w2.weight"].T


def llama(tokens: Array, w: Weights, config: Any, real: Array | None = None) -> tuple[Array, Array]:
    """Logits (B, T, V) of all positions and hidden states (B, T, C); tied embeddings."""
    w = {name: np.asarray(weight, np.float64) for name, weight in w.items()}
    h = w["tok_embeddings.weight"][tokens]
    for index in range(config.n_layers):
        start = f"layers.{index}."
        own = {n.removeprefix(start): weight for n, weight in w.items() if n.startswith(start)}
        h = layer(h, own, config, real)
    h = rmsnorm(h, config.layer_norm_eps) * w["norm.weight"]
    return h @ w["tok_embeddings.weight"].T, h


def adamw(
    p: Array, gradients: Array, lr: float, beta1: float, beta2: float, eps: float,
    weight_decay: float, correct_bias: bool,
) -> Array:  # fmt: skip
    """(n,) parameters after the steps of (steps, n) gradients, one step at a time."""
    m, v = np.zeros(p.shape), np.zeros(p.shape)
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        rate = lr * np.sqrt(1 - beta2**t) / (1 - beta1**t) if correct_bias else lr
        p = p - rate * m / (np.sqrt(v) + eps)
        p = p - lr * weight_decay * p
    return p


def label_log_probability(prompt: Array, pieces: Array, w: Weights, config: Any) -> float:
    """log P(pieces | prompt) of one (T,) prompt, reading everything again for each piece."""
    total, text = 0.0, list(prompt)
    for piece in pieces:
        logits, _ = llama(np.array([text]), w, config)
        total += float(np.log(softmax(logits[0, -1])[piece]))
        text.append(piece)
    return total


def softmax(logits: Array, temperature: float = 1.0) -> Array:
    """Probabilities over the last axis."""
    scaled = logits / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
