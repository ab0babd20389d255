"""Feeds `rope.apply_rotary_emb`, which knows no positions."""

from __future__ import annotations

import importlib

from torch import Tensor

from .parts import Tensors


def run_rope(given: Tensors) -> dict[str, Tensor]:
    query, key = given["query"], given["key"]
    query, key = importlib.import_module("rope").apply_rotary_emb(
        query, key, query.shape[-1], int(given["max_seq_len"]), theta=float(given["theta"])
    )
    return {"query": query, "key": key}


RUNNERS = {"rope": run_rope}
