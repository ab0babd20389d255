"""From sentences to token ids, and from token ids to padded batches. Shapes: see config.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tokenizer import TextTokenizer


@dataclass(frozen=True)
class Encoded:
    """Texts as token ids, and how many were longer than fits."""

    ids: list[list[int]]
    cut: int


def encode_reviews(
    sentences: Sequence[str],
    tokenizer: TextTokenizer,
    limit: int,
    max_len: int | None = None,
    suffix: str = "",
) -> Encoded:
    """Encode `sentence suffix` with BOS, so that it takes at most `limit` tokens.

    What is too long loses the end of its sentence, never the suffix, which holds the question.

    Args:
        max_len: tokens of a sentence that are kept, suffix not counted; None keeps what fits.

    Raises:
        ValueError: the suffix alone does not fit.
    """
    ids, cut = [], 0
    room = limit - len(tokenizer.encode(suffix, bos=True, eos=False))
    if room < 1:
        raise ValueError(f"the prompt's question alone takes the context of {limit} tokens")
    for sentence in sentences:
        text = tokenizer.encode(f"{sentence} {suffix}" if suffix else sentence, True, False)
        pieces = tokenizer.encode(sentence, bos=False, eos=False)
        keep = min(len(pieces), max_len or len(pieces))
        if keep < len(pieces) or len(text) > limit:
            cut += 1
            if not suffix:
                bos = text[: len(text) - len(pieces)]
                text = bos + pieces[: min(keep, limit - len(bos))]
            else:
                text = _shorten(sentence, pieces, min(keep, room), tokenizer, limit, suffix)
        ids.append(text)
    return Encoded(ids, cut)


def _shorten(
    sentence: str, pieces: list[int], keep: int, tokenizer: TextTokenizer, limit: int, suffix: str
) -> list[int]:
    """Encode as much of the beginning of a sentence as fits before the suffix, `keep` at most."""
    while True:
        # A cut inside a character leaves U+FFFD, which the sentence does not hold there.
        shorter = tokenizer.decode(pieces[:keep])
        text = tokenizer.encode(f"{shorter} {suffix}", bos=True, eos=False)
        if (len(text) <= limit and sentence.startswith(shorter)) or keep == 0:
            return text
        keep -= 1


@dataclass(frozen=True)
class Batch:
    """A padded batch."""

    rows: list[int]  # which texts these are
    tokens: Tensor  # (B, T)
    mask: Tensor  # (B, T) boolean, True where a token is real


def padded_batches(
    ids: Sequence[Sequence[int]],
    pad_id: int,
    *,
    max_tokens: int,
    max_rows: int | None = None,
    rows: Sequence[int] | None = None,
    device: Any = None,
) -> Iterator[Batch]:
    """Group texts of like length into right-padded batches of at most `max_tokens`, pads included.

    The texts are sorted by length and then by their tokens, so the grouping does not depend on
    the order in which they come, and neither does any result, down to the last bit.

    Args:
        ids: token ids of all texts.
        max_rows: at most so many texts in a batch.
        rows: which texts to take; None means all.
    """
    order = sorted(
        range(len(ids)) if rows is None else rows,
        key=lambda row: (len(ids[row]), list(ids[row])),
        reverse=True,  # the longest first: what does not fit in memory shows at once
    )
    start = 0
    while start < len(order):
        width = len(ids[order[start]])
        count = max(1, max_tokens // width)
        if max_rows is not None:
            count = min(count, max_rows)
        chosen = order[start : start + count]
        yield pad(ids, chosen, pad_id, device)
        start += count


def pad(
    ids: Sequence[Sequence[int]], rows: Sequence[int], pad_id: int, device: Any = None
) -> Batch:
    """Put the given texts into one right-padded batch, in this order."""
    width = max(len(ids[row]) for row in rows)
    tokens = torch.full((len(rows), width), pad_id)
    mask = torch.zeros(len(rows), width, dtype=torch.bool)
    for i, row in enumerate(rows):
        tokens[i, : len(ids[row])] = torch.tensor(ids[row])
        mask[i, : len(ids[row])] = True
    return Batch(list(rows), tokens.to(device), mask.to(device))
