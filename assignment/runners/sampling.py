"""Feeds `sampling.sample_next`."""

from __future__ import annotations

import torch
from torch import Tensor

import sampling
from assignment.cases import DRAWS
from assignment.runners.tensors import Tensors, differ, is_whole


def run_sampling(given: Tensors) -> dict[str, Tensor]:
    logits, temperature = given["logits"], float(given["temperature"])
    first = sampling.sample_next(logits.clone(), temperature)
    form = {"shape": torch.tensor(first.shape), "whole_numbers": is_whole(first)}
    if temperature == 0:
        second = sampling.sample_next(logits.clone(), temperature)
        return form | {"tokens": first, "calls_differ": differ(first, second)}
    B, V = logits.shape
    if first.shape != (B, 1):
        return form

    def draw(times: int, seed: int | None) -> Tensor:
        """(B, times) tokens; without a seed from torch's own generator."""
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        rows = logits.repeat_interleave(times, dim=0)
        return sampling.sample_next(rows, temperature, generator).reshape(B, times)

    drawn = draw(DRAWS, seed=1)
    counts = torch.stack([(drawn == token).sum(dim=1) for token in range(V)], dim=1)
    torch.manual_seed(3)
    free = draw(100, None), draw(100, None)
    torch.manual_seed(3)
    return form | {
        "shares": counts / DRAWS,
        "some_never_drawn": (counts == 0).any().long(),
        "same_seed_differs": differ(draw(100, 1), draw(100, 1)) | differ(free[0], draw(100, None)),
        "other_seed_agrees": 1 - differ(draw(100, 1), draw(100, 2)),
        "global_seed_ignored": 1 - differ(*free),
    }


RUNNERS = {"sampling": run_sampling}
