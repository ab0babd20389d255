"""Feeds `rope.apply_rotary_emb`."""

from __future__ import annotations

from torch import Tensor

import rope
from assignment.runners.standins import Tensors


def run_rope(given: Tensors) -> dict[str, Tensor]:
    query, key = given["query"], given["key"]
    max_seq_len, theta = int(given["max_seq_len"]), float(given["theta"])
    options = {"positions": given["positions"]} if "positions" in given else {}
    query, key = rope.apply_rotary_emb(
        query, key, query.shape[-1], max_seq_len, theta=theta, **options
    )
    return {"query": query, "key": key}


RUNNERS = {"rope": run_rope}
