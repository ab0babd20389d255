"""The model once more, as arithmetic in NumPy and float64: the oracle of checks and tests.

Written to be checked by eye against the papers, one position or head at a time where that is
plainer, and sharing nothing with the model but the names of the weights. Shapes: see config.py.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from typing import Any

import numpy as np

from assignment.arrays import Array, Arrays
from assignment.cases import FADING


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


def layernorm(x: Array, eps: float) -> Array:
    """The same of each vector's differences from its mean."""
    return rmsnorm(x - x.mean(axis=-1, keepdims=True), eps)


def normalise(x: Array, w: Arrays, name: str, eps: float) -> Array:
    """A layer of the model that normalises; one that has a bias is LayerNorm, for an edition's."""
    if (bias := w.get(f"{name}.bias")) is not None:
        return layernorm(x, eps) * w[f"{name}.weight"] + bias
    return rmsnorm(x, eps) * w[f"{name}.weight"]


def attention(query: Array, key: Array, value: Array, mask: Array | None) -> Array:
    """One query at a time."""
    B, H, T, D = query.shape
    S = key.shape[2]
    allowed = np.ones((B, H, T, S), bool) if mask is None else np.broadcast_to(mask, (B, H, T, S))
    out = np.zeros((B, H, T, D))
    for b, h, t in np.ndindex(B, H, T):
        seen = np.flatnonzero(allowed[b, h, t])
        scores = key[b, h, seen] @ query[b, h, t] / np.sqrt(D)
        weights = np.exp(scores - scores.max())
        weights /= weights.sum()
        out[b, h, t] = weights @ value[b, h, seen]
    return out


def visible(B: int, T: int, S: int, causal: bool, real: Array | None) -> Array:
    """(B, T, S): which of S tokens each of the T newest may see, one pair at a time."""
    seen = np.zeros((B, T, S), bool)
    for b, t, s in np.ndindex(B, T, S):
        place = S - T + t  # of the query
        is_real = real is None or real[b, s]
        seen[b, t, s] = s == place or (is_real and (s < place or not causal))
    return seen


def top_k(logits: Array, k: int) -> Array:
    """(B, V): which tokens stay among the k most likely, or tied with the last of these."""
    return np.array([[(row > logit).sum() < k for logit in row] for row in logits])


def top_p(logits: Array, p: float) -> Array:
    """(B, V): which tokens stay, one after the other, until their probabilities reach p."""
    stays = np.zeros(logits.shape, bool)
    for row, probabilities in enumerate(softmax(logits)):
        total = 0.0
        for token in np.argsort(-probabilities):
            if p < 1 and total >= p:
                break
            stays[row, token] = True
            total += probabilities[token]
    return stays


def swiglu(x: Array, w1: Array, w3: Array) -> Array:
    """SiLU of the gate times the other projection; weights are (F, C)."""
    gate = x @ w1.T
    return gate / (1 + np.exp(-gate)) * (x @ w3.T)


def multi_head(
    x: Array,
    w: Arrays,
    config: Any,
    real: Array | None = None,
    rotate: Callable[[Array, Array, float], Array] = rope,
    stages: MutableMapping[str, Array] | None = None,
) -> Array:
    """The attention of a layer over (B, T, C), with its projections; `w` and `stages` as `layer`'s.

    `rotate` takes (B, T, heads, D), the positions and theta.
    """
    B, T, _ = x.shape
    D = config.head_dim
    stages = {} if stages is None else stages
    real = np.ones((B, T), bool) if real is None else real
    positions = np.maximum(real.cumsum(axis=1) - 1, 0)
    query = (x @ w["attention.compute_query.weight"].T).reshape(B, T, -1, D)
    key = (x @ w["attention.compute_key.weight"].T).reshape(B, T, -1, D)
    value = (x @ w["attention.compute_value.weight"].T).reshape(B, T, -1, D)
    query = rotate(query, positions, config.rope_theta)
    key = rotate(key, positions, config.rope_theta)
    stages[".attention: query after RoPE"] = query
    stages[".attention: key after RoPE"] = key
    group = [head * config.n_kv_heads // config.n_heads for head in range(config.n_heads)]
    mask = np.repeat(real[:, None, None, :], T, axis=2)
    if config.causal:
        mask = mask & np.tri(T, dtype=bool)
    mask = mask | np.eye(T, dtype=bool)
    attended = attention(
        query.transpose(0, 2, 1, 3),
        key.transpose(0, 2, 1, 3)[:, group],
        value.transpose(0, 2, 1, 3)[:, group],
        mask,
    )
    stages[".attention: values, weighted"] = attended.transpose(0, 2, 1, 3)
    joined = attended.transpose(0, 2, 1, 3).reshape(B, T, -1)
    return joined @ w["attention.compute_output.weight"].T


def layer(
    x: Array,
    w: Arrays,
    config: Any,
    real: Array | None = None,
    stages: MutableMapping[str, Array] | None = None,
) -> Array:
    """One decoder layer over (B, T, C); `w` has the names of `LlamaLayer.state_dict()`.

    `stages` takes up what stands on the way, as (B, T, ...), by the names of the parts.
    """
    stages = {} if stages is None else stages
    normed = normalise(x, w, "attention_norm", config.layer_norm_eps)
    stages[".attention_norm"] = normed
    stages[".attention"] = multi_head(normed, w, config, real, stages=stages)
    h = x + stages[".attention"]
    normed = normalise(h, w, "ffn_norm", config.layer_norm_eps)
    stages[".ffn_norm"] = normed
    up = swiglu(normed, w["feed_forward.w1.weight"], w["feed_forward.w3.weight"])
    stages[".feed_forward: SwiGLU"] = up
    stages[".feed_forward"] = up @ w["feed_forward.w2.weight"].T
    stages[""] = h + stages[".feed_forward"]
    return stages[""]


def llama(
    tokens: Array,
    w: Arrays,
    config: Any,
    real: Array | None = None,
    stages: MutableMapping[str, Array] | None = None,
) -> tuple[Array, Array]:
    """Logits (B, T, V) of all positions and hidden states (B, T, C); tied embeddings."""
    w = {name: np.asarray(weight, np.float64) for name, weight in w.items()}
    h = w["tok_embeddings.weight"][tokens]
    stages = {} if stages is None else stages
    stages["tok_embeddings"] = h
    for index in range(config.n_layers):
        start = f"layers.{index}"
        inside: dict[str, Array] = {}
        own = {n.removeprefix(f"{start}."): x for n, x in w.items() if n.startswith(f"{start}.")}
        h = layer(h, own, config, real, inside)
        stages.update({start + name: x for name, x in inside.items()})
    h = normalise(h, w, "norm", config.layer_norm_eps)
    return h @ w["tok_embeddings.weight"].T, h


def generate(tokens: Array, new: int, w: Arrays, config: Any) -> Array:
    """(B, T) tokens and `new` more, the most likely each time; everything is read again."""
    for _ in range(new):
        logits, _ = llama(tokens, w, config)
        tokens = np.concatenate((tokens, logits[:, -1].argmax(axis=-1)[:, None]), axis=1)
    return tokens


def generate_padded(tokens: Array, new: int, w: Arrays, config: Any, real: Array) -> Array:
    """The same for rows of unequal length, each continued alone, without its padding."""
    rows = [
        generate(row[kept][None], new, w, config)[0, -new:]
        for row, kept in zip(tokens, real, strict=True)
    ]
    return np.concatenate((tokens, np.array(rows)), axis=1)


def standin_rotary(x: Array, positions: Array, theta: float) -> Array:
    """How the stand-in of RoPE marks a position: (B, T, heads, D) stretched, not turned."""
    return x * (1 + positions / np.sqrt(theta))[..., None, None]


def standin_attention(x: Array, weight: Array, real: Array | None = None) -> Array:
    """The average of what a token sees, itself included, projected."""
    B, T, _ = x.shape
    seen = np.repeat(np.tri(T)[None], B, axis=0)
    if real is not None:
        seen = np.maximum(seen * real[:, None, :], np.eye(T))
    return seen / seen.sum(axis=-1, keepdims=True) @ x @ weight


def standin_layer(w: Arrays, real: Array | None = None) -> Array:
    """How a layer joins the stand-ins of its parts (`runners/standins.py`)."""
    x = w["x"]
    h = x + standin_attention(x * w["attention_norm"], w["attention"], real)
    return h + np.tanh(h * w["ffn_norm"] @ w["feed_forward"])


def standin_stack(w: Arrays, real: Array | None = None) -> tuple[Array, Array]:
    """How a model joins them: logits (B, T, V) of all positions, hidden states (B, T, C)."""
    h = w["tok_embeddings"][w["tokens"]]
    for weight in w["layers"]:
        h = h + standin_attention(h, weight, real)
    h = h * w["norm"]
    return h @ w["output"].T, h


def standin_llama(text: Array, embeddings: Array) -> tuple[Array, Array]:
    """Next-token logits (V,) and state (C,) after the (T,) tokens of a text without padding."""
    ages = np.arange(len(text))[::-1]
    state = np.tanh(FADING**ages @ embeddings[text])
    return embeddings @ state, state


def written(
    text: Array,
    new: int,
    next_logits: Callable[[Array], Array],
    limit: int,
    *,
    stops: Sequence[int] = (),
    penalty: float = 1.0,
    seen: Sequence[int] = (),
    drawn: bool = False,
) -> tuple[list[int], list[float], float]:
    """What the loop of `generation.py` adds to one text, with the stand-in of the draw.

    Args:
        limit: of the tokens that `next_logits` may be given.
        seen: tokens that the penalty on repetition is for, beside the text's own.
        drawn: at a temperature above 0, where the stand-in takes the second best.

    Returns:
        The new tokens, their log-probabilities, and the least lead of any of them.
    """
    tokens: list[int] = []
    logprobs: list[float] = []
    lead = np.inf
    while len(tokens) < new:
        if tokens and tokens[-1] in stops:
            tokens, logprobs = [*tokens, tokens[-1]], [*logprobs, 0.0]
            continue
        text = text[-(limit // 2) :] if len(text) > limit else text
        logits = next_logits(text)
        scores = logits.copy()
        again = np.unique([*text, *seen])
        scores[again] = np.where(
            scores[again] > 0, scores[again] / penalty, scores[again] * penalty
        )
        order = np.argsort(-scores)
        lead = min(lead, *np.diff(-scores[order[:3]]))
        tokens.append(int(order[1 if drawn else 0]))
        logprobs.append(float(np.log(softmax(logits))[tokens[-1]]))
        text = np.append(text, tokens[-1])
    return tokens, logprobs, lead


def label_log_probabilities(
    prompt: Array,
    labels: Sequence[Sequence[int]],
    loose_end: int,
    next_logits: Callable[[Array], Array],
) -> list[float]:
    """log P(label | prompt) of each label, reading everything again for each of its pieces.

    `next_logits` gives the (V,) logits after a text. The space at the end of a prompt is a part
    of the label's first piece, and left out.
    """
    start = list(prompt[:-1] if prompt[-1] == loose_end else prompt)
    scores = []
    for pieces in labels:
        total, text = 0.0, list(start)
        for piece in pieces:
            total += float(np.log(softmax(next_logits(np.array(text)))[piece]))
            text.append(piece)
        scores.append(total)
    return scores


def finetune(given: Arrays, config: Any) -> dict[str, Array]:
    """What `runners/end_to_end.py` measures of finetuning.

    The slope of the loss along a direction in each parameter, by a central difference, and the
    log-probabilities after some steps of AdamW on the head.
    """
    w = {name: np.asarray(x, np.float64) for name, x in given.items()}
    tokens, real, labels = given["tokens"], given["real"], given["labels_of_rows"]
    last = real.shape[1] - 1 - real[:, ::-1].argmax(axis=1)
    rows, head, width = np.arange(len(labels)), w["head.weight"], 1e-5

    def states(weights: Arrays) -> Array:
        return llama(tokens, weights, config, real)[1][rows, last]

    def loss(weights: Arrays) -> float:
        return float(-np.log(softmax(states(weights) @ head.T))[rows, labels].mean())

    slopes = []
    for name in (n.removeprefix("direction.") for n in given if n.startswith("direction.")):
        step = width * w[f"direction.{name}"]
        ahead, behind = loss(w | {name: w[name] + step}), loss(w | {name: w[name] - step})
        slopes.append((ahead - behind) / (2 * width))
    finetuned = finetuned_head(states(w), head, labels, int(given["steps"]))
    return {"slopes": np.array(slopes), "finetuned": finetuned}


def finetuned_head(h: Array, head: Array, labels: Array, steps: int, **form: bool) -> Array:
    """Log-probabilities after steps of AdamW on a head over fixed states, its gradient written out.

    `form` is handed on to `adamw`.
    """
    bias = np.zeros(len(head))
    flat = np.concatenate((head.ravel(), bias))
    gradients: list[Array] = []
    for n in range(steps + 1):
        after = np.array(gradients).reshape(n, flat.size)
        p = adamw(flat, list(after), np.full(n, 0.05), 0.9, 0.999, 1e-3, 0.1, True, **form)[-1]
        head, bias = p[: head.size].reshape(head.shape), p[head.size :]
        probabilities = softmax(h @ head.T + bias)
        error = (probabilities - np.eye(len(head))[labels]) / len(labels)
        gradients.append(np.concatenate(((error.T @ h).ravel(), error.sum(axis=0))))
    return np.log(probabilities)


def adamw(
    p: Array, gradients: Sequence[Array | None], rates: Array, beta1: float, beta2: float,
    eps: float, weight_decay: float, correct_bias: bool, textbook: bool = False,
    decay_first: bool = False,
) -> Array:  # fmt: skip
    """(steps + 1, n) parameters before and after each step; a gradient None skips it.

    `textbook` corrects both moments and adds eps after that, as the paper's Algorithm 1 does; it
    differs from the efficient form, which is ours, where gradients are not far above eps.
    `decay_first` is torch's order.
    """
    m, v, t = np.zeros(p.shape), np.zeros(p.shape), 0
    path = [p]
    for g, lr in zip(gradients, rates, strict=True):
        if g is not None:
            t += 1
            m = beta1 * m + (1 - beta1) * g
            v = beta2 * v + (1 - beta2) * g**2
            rate = lr * np.sqrt(1 - beta2**t) / (1 - beta1**t) if correct_bias else lr
            late = np.sqrt(1 - beta2**t) if correct_bias and textbook else 1.0
            kept = 1 - lr * weight_decay
            p = p * kept if decay_first else p
            p = p - rate * m / (np.sqrt(v) + eps * late)
            p = p if decay_first else p * kept
        path.append(p)
    return np.array(path)


def softmax(logits: Array, temperature: float = 1.0) -> Array:
    """Probabilities over the last axis."""
    scaled = logits / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
