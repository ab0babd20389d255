"""A frozen backbone: its states are computed once, kept, and looked up by training.

`StateBank` stands in for the `Llama` inside a classifier. Its "tokens" are rows of a table of
states, so classifier, batches, training and evaluation stay the same as with the whole model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from llama import Llama
from sentiment.encoding import Encoded
from sentiment.evaluation import require_finite
from sentiment.pooling import pool
from support.tensors import load_tensors, save_tensors
from support.words import banner
from training.batches import padded_batches, shown
from training.log import attempt
from training.recipe import Recipe

KEPT = Path(".feature_cache")  # in the working folder: states of texts that were met before


class StateBank(nn.Module):
    """Looks states up where a Llama would compute them."""

    def __init__(self, model: Llama) -> None:
        super().__init__()
        self.config = model.config
        self.states = torch.empty(0, model.config.dim)

    def add(self, states: Tensor) -> int:
        """Append (n, C) states; returns the row of the first."""
        start = len(self.states)
        self.states = torch.cat((self.states, states))
        return start

    def hidden_states(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, T) rows to (B, T, C) states."""
        return self.states[tokens.cpu()].to(tokens.device)


def freeze(
    model: Llama,
    encoded: Mapping[str, Encoded],
    pad_id: int,
    pooling: str,
    recipe: Recipe,
    checkpoint_digest: str,
) -> tuple[StateBank, dict[str, Encoded]]:
    """Compute the states of all texts, or read them back; returns a bank, and the texts as rows."""
    bank, rows = StateBank(model), {}
    for split, texts in encoded.items():
        facts = checkpoint_digest, pooling, recipe.autocast, recipe.max_tokens, model.config, texts
        key = hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
        path = KEPT / f"{split}-{key}.pt"
        kept = _read(path)
        if kept is None:
            states, rows_of_texts = compute_states(
                model, texts.ids, pooling, pad_id, 4 * recipe.max_tokens, autocast=recipe.autocast
            )
            kept = {"states": states, "rows": rows_of_texts}
            # What is kept saves time, and no more: a full disk is no reason to stop.
            attempt("keeping these states", partial(save_tensors, path, kept))
        else:
            print(banner("states", f"those of {split} read from {path}"))
        start = bank.add(kept["states"])
        rows[split] = Encoded([[start + row for row in r] for r in kept["rows"]], texts.cut)
    return bank, rows


@torch.no_grad()
def compute_states(
    model: Llama,
    ids: list[list[int]],
    pooling: str,
    pad_id: int,
    max_tokens: int,
    *,
    autocast: bool = False,
) -> tuple[Tensor, list[list[int]]]:
    """Run texts through the model once; returns (n, C) states and each text's rows of them.

    A text is one row, its pooled state, except for attention pooling, whose weights are learnt:
    there each token is one.
    """
    model.eval()
    rows: list[list[int]] = [[] for _ in ids]
    parts: list[Tensor] = []
    next_row, device = 0, model.device
    batches = padded_batches(ids, pad_id, max_tokens=max_tokens, device=device)
    for batch in shown(batches, ids, "texts' states, once"):
        with torch.autocast(device.type, torch.bfloat16, enabled=autocast):
            h = model.hidden_states(batch.tokens, batch.mask).float()
        require_finite(h[batch.mask])
        if pooling == "attention_pooling":
            states, counts = h[batch.mask], batch.mask.sum(dim=1).tolist()
        else:
            states, counts = pool(pooling, h, batch.mask), [1] * len(batch.rows)
        parts.append(states.cpu())
        for row, count in zip(batch.rows, counts, strict=True):
            rows[row] = list(range(next_row, next_row + count))
            next_row += count
    return torch.cat(parts), rows


def _read(path: Path) -> dict[str, Any] | None:
    """States that an earlier run has kept; None where there are none, or they are damaged."""
    if not path.exists():
        return None
    try:
        return load_tensors(path, "computing the states again")
    except ValueError as error:
        print(banner("note", str(error)))
        return None
