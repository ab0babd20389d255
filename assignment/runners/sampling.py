"""Feeds `sampling.sample_next`."""

from __future__ import annotations

import torch
from torch import Tensor

import sampling
from assignment.cases import DRAWS
from assignment.runners.standins import Tensors


def run_sampling(given: Tensors) -> dict[str, Tensor]:
    logits, temperature = given["logits"], float(given["temperature"])
    if temperature == 0:
        return {"tokens": sampling.sample_next(logits, 0.0)}
    B, V = logits.shape

    def draw(times: int) -> Tensor:
        generator = torch.Generator().manual_seed(1)
        rows = logits.repeat_interleave(times, dim=0)
        return sampling.sample_next(rows, temperature, generator).reshape(B, times)

    drawn = draw(DRAWS)
    shares = torch.stack([(drawn == token).sum(dim=1) / DRAWS for token in range(V)], dim=1)
    return {"shares": shares, "draws_that_differ": (draw(100) != draw(100)).sum()}


RUNNERS = {"sampling": run_sampling}
