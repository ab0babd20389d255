"""The oracle of the course `basics`: each of its functions as arithmetic, in NumPy and float64.

Sharing nothing with what is taught, and done in another way where there is one.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from assignment.arrays import Array

# Words as GPT-2 cuts them, but that a numeral beyond the decimal digits is a letter.
WORDS = re.compile(r"'(?:[sdmt]|ll|ve|re)| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")


def split(text: str, special_tokens: Sequence[str]) -> list[tuple[str, bool]]:
    """A text as words and special tokens, with whether each is one of these."""
    found: list[tuple[str, bool]] = []
    start = place = 0
    while place < len(text):
        here = [token for token in special_tokens if text.startswith(token, place)]
        token = max(here, key=len, default="")
        if token:
            found += [*((word, False) for word in WORDS.findall(text[start:place])), (token, True)]
            start = place + len(token)
        place += len(token) or 1
    return found + [(word, False) for word in WORDS.findall(text[start:])]


def learn(text: str, n_merges: int, special_tokens: Sequence[str]) -> list[tuple[bytes, bytes]]:
    """The merges; a word is a text in which each token is a character, that of its number."""
    tokens = [bytes([b]) for b in range(256)]
    words = Counter(word for word, special in split(text, special_tokens) if not special)
    spelt = {word: word.encode().decode("latin-1") for word in words}
    merges: list[tuple[bytes, bytes]] = []
    while len(merges) < n_merges:
        counts: Counter[tuple[bytes, bytes, str]] = Counter()
        for word, text_of in spelt.items():
            for pair in map("".join, pairwise(text_of)):
                counts[tokens[ord(pair[0])], tokens[ord(pair[1])], pair] += words[word]
        if not counts:
            break
        (left, right, pair), _ = max(counts.items(), key=lambda item: (item[1], item[0][:2]))
        merges.append((left, right))
        spelt = {word: x.replace(pair, chr(len(tokens))) for word, x in spelt.items()}
        tokens.append(left + right)
    return merges


def encode(
    text: str,
    vocab: Sequence[bytes],
    merges: Sequence[tuple[bytes, bytes]],
    special_tokens: Sequence[str],
) -> list[int]:
    """The ids, by making all merges of training again in their order."""
    ids = {token: i for i, token in enumerate(vocab)}
    letter = {token: chr(i) for token, i in ids.items()}
    found: list[int] = []
    for word, special in split(text, special_tokens):
        spelt = "".join(letter[bytes([b])] for b in word.encode())
        for left, right in merges:
            spelt = spelt.replace(letter[left] + letter[right], letter[left + right])
        found += [ids[word.encode()]] if special else [ord(token) for token in spelt]
    return found


def softmax(x: Array, axis: int) -> Array:
    """Shares of 1 along an axis."""
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def cross_entropy(logits: Array, targets: Array) -> tuple[Array, Array]:
    """The mean loss, and its gradient at the logits: the probabilities less the truth, over n."""
    n = targets.size
    rows, right = logits.reshape(n, -1), targets.reshape(n)
    losses = np.logaddexp.reduce(rows, axis=-1) - rows[np.arange(n), right]
    gradient = softmax(rows, -1)
    gradient[np.arange(n), right] -= 1
    return losses.mean(), (gradient / n).reshape(logits.shape)


def sgd(p: Array, gradients: Sequence[Array | None], rates: Array, decaying: bool) -> Array:
    """The parameter before each step and after the last."""
    path, t = [p], 0
    for g, rate in zip(gradients, rates, strict=True):
        if g is not None:
            p = p - rate / (math.sqrt(t + 1) if decaying else 1) * g
            t += 1
        path.append(p)
    return np.array(path)


def clipped(gradients: Sequence[Array], max_norm: float) -> tuple[list[Array], float]:
    """The gradients scaled down to a norm, and the norm that they had."""
    norm = float(np.linalg.norm(np.concatenate([np.zeros(1), *(g.ravel() for g in gradients)])))
    factor = max_norm / (norm + 1e-6) if norm > max_norm else 1.0
    return [g * factor for g in gradients], norm


def rate(step: int, max_lr: float, min_lr: float, warmup_steps: int, cycle_steps: int) -> float:
    """The learning rate at a step."""
    if step < warmup_steps:
        return max_lr * step / warmup_steps
    if step >= cycle_steps:
        return min_lr
    angle = math.pi * (step - warmup_steps) / (cycle_steps - warmup_steps)
    return (max_lr + min_lr) / 2 + (max_lr - min_lr) / 2 * math.cos(angle)
