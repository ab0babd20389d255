"""How well a model predicts a text: perplexity, and bits per byte, with a sliding window.

Perplexity is the exponential of the mean negative log-likelihood of a token (Jelinek et al. 1977).
It depends on the tokenizer, which bits per byte do not: those compare models with one another.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from generation import log_probabilities

WINDOW = 1024  # tokens that are read at once, unless the context is shorter
AT_ONCE = 128  # positions whose logits are normalised at a time: bounds the memory


@dataclass(frozen=True)
class TextScore:
    """What a text's tokens cost a model."""

    tokens: int  # that were predicted
    nats: float  # the sum of their negative log-likelihoods
    n_bytes: int  # of the text that they spell, in UTF-8
    seconds: float

    @property
    def perplexity(self) -> float:
        return math.exp(self.nats / self.tokens)

    @property
    def bits_per_byte(self) -> float:
        return self.nats / math.log(2) / self.n_bytes


def windows(length: int, window: int, stride: int) -> Iterator[tuple[int, int, int]]:
    """Where each window of `length` tokens begins, where those begin that it is for, and its end.

    A window begins `stride` tokens after the last one, so that a token is predicted from at least
    window - stride others, if there are so many before it. The first token of all is given.
    """
    end = 1
    for start in range(0, length, stride):
        new, end = end, min(start + window, length)
        if new < end:
            yield start, new, end
        if end == length:
            return


def score_text(
    model: Any,
    tokenizer: Any,
    text: str,
    window: int | None = None,
    stride: int | None = None,
    progress: bool = False,
) -> TextScore:
    """Score a text, which may be far longer than the context.

    Args:
        tokenizer: the model's own; BOS, where the model wants one, is given and not predicted.
        model, window, stride, progress: see `score_tokens`.

    Raises:
        ValueError: the text has fewer than two tokens, or window or stride is out of range.
    """
    ids = torch.tensor([tokenizer.encode(text, bos=True, eos=False)], device=model.device)
    n_bytes = len(text.encode())
    if ids.shape[1] and (int(ids[0, 0]) != tokenizer.bos_id or not tokenizer.add_bos):
        n_bytes -= len(text[: tokenizer.ends(text)[0]].encode())  # given, and part of the text
    return score_tokens(model, ids, n_bytes, window, stride, progress)


@torch.no_grad()
def score_tokens(
    model: Any,
    ids: Tensor,
    n_bytes: int,
    window: int | None = None,
    stride: int | None = None,
    progress: bool = False,
) -> TextScore:
    """Score (1, T) tokens, the first of which is given, that spell so many bytes after it.

    Args:
        model: a `Llama` or an `inference.Decoder`.
        window: tokens that are read at once; None takes 1,024, or the context if that is shorter.
        stride: tokens from one window to the next; None takes half of a window. The smaller, the
            more each token has before it, and the longer it takes.
        progress: show a bar on a terminal.

    Raises:
        ValueError: there are fewer than two tokens, or window or stride is out of range.
    """
    limit = model.config.max_seq_len
    window = min(WINDOW, limit) if window is None else window
    stride = max(1, window // 2) if stride is None else stride
    if not 2 <= window <= limit:
        raise ValueError(f"window={window}: must be from 2 to {limit}, the model's context")
    if not 1 <= stride < window:
        raise ValueError(f"stride={stride}: must be from 1 to {window - 1}, less than the window")
    if ids.shape[1] < 2:
        raise ValueError("the text has fewer than two tokens: nothing of it can be predicted")
    nats, start_time = 0.0, time.perf_counter()
    bar = tqdm(
        total=ids.shape[1] - 1, unit=" tokens", leave=False, disable=None if progress else True
    )
    with bar:
        for start, new, end in windows(ids.shape[1], window, stride):
            nats -= float(likelihoods(model, ids[:, start:end], new - start).sum())
            bar.update(end - new)
    return TextScore(ids.shape[1] - 1, nats, n_bytes, time.perf_counter() - start_time)


def likelihoods(model: Any, tokens: Tensor, new: int) -> Tensor:
    """(B, T) tokens to the (B, T - new) log-probabilities, in float64, of those from `new` on."""
    logits, _ = model(tokens[:, :-1], tokens[:, :-1])  # (B, T - 1, V)
    parts = zip(
        logits[:, new - 1 :].split(AT_ONCE, dim=1),
        tokens[:, new:].split(AT_ONCE, dim=1),
        strict=True,
    )
    found = [log_probabilities(part, target[..., None])[..., 0] for part, target in parts]
    return torch.cat(found, dim=1).double()
