"""Feeds `cache.visible_tokens`."""

from __future__ import annotations

import torch
from torch import Tensor

import cache
from assignment.runners.tensors import Tensors, kept


def run_causal_mask(given: Tensors) -> dict[str, Tensor]:
    B, H, T, S = given["shape"].tolist()
    real = given.get("real")
    before = None if real is None else real.clone()
    visible = cache.visible_tokens(T, causal=bool(given["causal"]), past=S - T, real=real)
    if visible is None:  # nothing is forbidden
        visible = torch.ones(T, S, dtype=torch.bool)
    is_boolean = torch.tensor(int(visible.dtype == torch.bool))
    outputs = {"booleans": is_boolean, "visible": visible.expand(B, H, T, S)}
    if real is not None and before is not None:
        outputs["input_kept"] = kept(real, before)
    return outputs


RUNNERS = {"causal_mask": run_causal_mask}
