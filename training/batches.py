"""Padded batches of texts of like length, under a budget of tokens. Shapes: see config.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from tqdm import tqdm

from training.estimate import Estimate


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
        count = max(1, max_tokens // len(ids[order[start]]))
        if max_rows is not None:
            count = min(count, max_rows)
        yield pad(ids, order[start : start + count], pad_id, device)
        start += count


def shown(
    batches: Iterator[Batch], ids: Sequence[Sequence[int]], what: str, *, estimate: bool = True
) -> Iterator[Batch]:
    """Hand batches of `ids` on, with a bar on a terminal and, after the first, an estimate."""
    expected = Estimate(sum(map(len, ids)), f"{len(ids)} {what}")
    with tqdm(total=len(ids), desc=what, unit="text", leave=False, disable=None) as bar:
        for batch in batches:
            yield batch
            bar.update(len(batch.rows))
            if estimate:
                expected.done(int(batch.mask.sum()))


def pad(
    ids: Sequence[Sequence[int]], rows: Sequence[int], pad_id: int, device: Any = None
) -> Batch:
    """Put the given texts into one right-padded batch, in this order."""
    texts = [torch.tensor(ids[row]) for row in rows]
    tokens = pad_sequence(texts, batch_first=True, padding_value=pad_id)  # (B, T)
    lengths = torch.tensor([len(text) for text in texts])
    mask = torch.arange(tokens.shape[1]) < lengths[:, None]
    return Batch(list(rows), tokens.to(device), mask.to(device))
