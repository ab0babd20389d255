"""Batches of a text: windows of its tokens, and the same windows one token later."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor


def windows(
    dataset: Any, starts: list[int], context_length: int, device: str | torch.device = "cpu"
) -> tuple[Tensor, Tensor]:
    """The windows of T tokens that begin at `starts`, and the same one token later, (B, T) each."""
    rows = np.stack([dataset[start : start + context_length + 1] for start in starts])
    tokens = torch.from_numpy(rows.astype(np.int64)).to(device)
    return tokens[:, :-1], tokens[:, 1:]


def get_batch(
    dataset: Any,
    batch_size: int,
    context_length: int,
    device: str | torch.device = "cpu",
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Draw windows from a text, and the same windows one token later, which are to be predicted.

    1. Draw a start for each row, from 0 to n - T - 1, each as likely as any other: a window takes
       T tokens, and the target of its last one stands behind them;
    2. inputs are the T tokens from the start on, targets the T tokens from start + 1 on;
    3. as int64, which an embedding and a loss want, whatever the text is stored as, on `device`.
       Only the windows are read: the text is mapped from a file as a rule, and may be larger than
       the memory.

    Args:
        dataset: n tokens; a numpy array of any type of integers.
        batch_size: B, the number of windows.
        context_length: T, the length of each.
        generator: the source of randomness; None is torch's global one.

    Returns:
        inputs and targets, (B, T) each.

    Raises:
        ValueError: the text is not longer than a window.
    """
    n = len(dataset) - context_length
    if n < 1:
        raise ValueError(
            f"a text of {len(dataset)} tokens and a context of {context_length}: it takes one more "
            "than the context; give a longer text, or a shorter context"
        )
    starts = torch.randint(n, (batch_size,), generator=generator)
    return windows(dataset, starts.tolist(), context_length, device)
