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

    def draw() -> Tensor:
        generator = torch.Generator().manual_seed(1)
        rows = logits.repeat_interleave(DRAWS, dim=0)
        return sampling.sample_next(rows, temperature, generator).reshape(B, DRAWS)

    drawn = draw()
    shares = torch.stack([torch.bincount(row, minlength=V) / DRAWS for row in drawn])
    return {"shares": shares, "draws_that_differ": (drawn != draw()).sum()}


RUNNERS = {"sampling": run_sampling}
