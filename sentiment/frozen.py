"""A frozen backbone: its states are computed once, and training looks them up.

`StateBank` stands in for the `Llama` inside a classifier. Its "tokens" are rows of a table of
states, so classifier, batches, training and evaluation stay the same as with the whole model.
"""

from __future__ import annotations

import time

import torch
from torch import Tensor, nn
from tqdm import tqdm

from llama import Llama
from sentiment.batching import Encoded, padded_batches
from sentiment.pooling import pool


class StateBank(nn.Module):
    """Looks states up where a Llama would compute them."""

    def __init__(self, model: Llama) -> None:
        super().__init__()
        self.config = model.config
        self.states = torch.empty(0, model.config.dim)

    def add(self, states: Tensor) -> list[int]:
        """Append (n, C) states; returns the rows they are in."""
        start = len(self.states)
        self.states = torch.cat((self.states, states))
        return list(range(start, len(self.states)))

    def hidden_states(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, T) rows to (B, T, C) states."""
        return self.states[tokens.cpu()].to(tokens.device)


@torch.no_grad()
def compute_states(
    model: Llama,
    bank: StateBank,
    encoded: Encoded,
    method: str,
    pad_id: int,
    max_tokens: int,
    *,
    autocast: bool,
    description: str,
) -> Encoded:
    """Run texts through the model once; returns them as rows of the bank.

    A text is one row, its pooled state, except for attention pooling, whose weights are learnt:
    there each token is one.
    """
    rows: list[list[int]] = [[] for _ in encoded.ids]
    device = model.device
    seconds: float | None = None
    model.eval()
    parts: list[Tensor] = []
    next_row = len(bank.states)
    with tqdm(
        total=sum(map(len, encoded.ids)), desc=description, unit="token", leave=False, disable=None
    ) as bar:
        for batch in padded_batches(encoded.ids, pad_id, max_tokens=max_tokens, device=device):
            start = time.perf_counter()
            with torch.autocast(device.type, torch.bfloat16, enabled=autocast):
                h = model.hidden_states(batch.tokens, batch.mask).float()
            if seconds is None:  # of the first batch, the longest texts: the rest is no slower
                seconds = (time.perf_counter() - start) / batch.tokens.numel()
                total = seconds * sum(map(len, encoded.ids))
                print(f"expected  about {total:.0f} s for the {description}, once", flush=True)
            if method == "attention_pooling":
                states, counts = h[batch.mask], batch.mask.sum(dim=1).tolist()
            else:
                states, counts = pool(method, h, batch.mask), [1] * len(batch.rows)
            parts.append(states.cpu())
            for row, count in zip(batch.rows, counts, strict=True):
                rows[row] = list(range(next_row, next_row + count))
                next_row += count
            bar.update(int(batch.mask.sum()))
    bank.add(torch.cat(parts))
    return Encoded(rows, encoded.cut)
