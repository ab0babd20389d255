"""Feeds the functions of `sampling.py`, each alone."""

from __future__ import annotations

import torch
from torch import Tensor

import sampling
from assignment.cases import DRAWS
from assignment.runners.tensors import Tensors, differ, is_whole, kept


def run_greedy(given: Tensors) -> dict[str, Tensor]:
    chosen = sampling.greedy_next(given["logits"])
    shape = torch.tensor(chosen.shape)
    return {"shape": shape, "whole_numbers": is_whole(chosen), "tokens": chosen}


def run_top_k(given: Tensors) -> dict[str, Tensor]:
    before = given["logits"].clone()
    return left(sampling.filter_top_k(given["logits"], int(given["k"])), given["logits"], before)


def run_top_p(given: Tensors) -> dict[str, Tensor]:
    before = given["logits"].clone()
    return left(sampling.filter_top_p(given["logits"], float(given["p"])), given["logits"], before)


def left(filtered: Tensor, logits: Tensor, before: Tensor) -> dict[str, Tensor]:
    """Which tokens a filter has left, and with what logits; zeros in the place of -inf."""
    gone = filtered == float("-inf")
    return {
        "stays": ~gone,
        "logits_left": filtered.masked_fill(gone, 0.0),
        "input_kept": kept(logits, before),
    }


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


RUNNERS = {
    "greedy": run_greedy,
    "sampling": run_sampling,
    "top_k": run_top_k,
    "top_p": run_top_p,
}
