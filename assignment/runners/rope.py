"""Feeds `rope.apply_rotary_emb`."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

import rope
from assignment.runners.tensors import Tensors


def run_rope(given: Tensors) -> dict[str, Tensor]:
    query, key = given["query"], given["key"]
    if "types" in given:
        return types_kept(given)
    if "half" in given:
        query, key = query.bfloat16(), key.bfloat16()
    return rotated(given, query, key)


def types_kept(given: Tensors) -> dict[str, Tensor]:
    kept = {}
    for dtype in (torch.bfloat16, torch.float64):
        outputs = rotated(given, given["query"].to(dtype), given["key"].to(dtype))
        same = all(outputs[name].dtype == dtype for name in ("query", "key"))
        kept[f"{str(dtype).removeprefix('torch.')}_kept"] = torch.tensor(int(same))
    return kept


def rotated(given: Tensors, query: Tensor, key: Tensor) -> dict[str, Tensor]:
    before = query.clone(), key.clone()
    max_seq_len, theta = int(given["max_seq_len"]), float(given["theta"])
    options: dict[str, Any] = {"positions": given["positions"]} if "positions" in given else {}
    turned_query, turned_key = rope.apply_rotary_emb(
        query, key, query.shape[-1], max_seq_len, theta=theta, **options
    )
    kept = torch.equal(query, before[0]) and torch.equal(key, before[1])
    return {"query": turned_query, "key": turned_key, "inputs_kept": torch.tensor(int(kept))}


RUNNERS = {"rope": run_rope}
