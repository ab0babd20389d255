"""Feeds `pretraining.batches.get_batch`."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from assignment.cases import DRAWS
from assignment.runners.tensors import Tensors, differ
from pretraining import batches


def run_get_batch(given: Tensors) -> dict[str, Tensor]:
    text, T = given["text"].numpy().astype(np.uint16), int(given["context_length"])
    if "refused" in given:
        try:
            batches.get_batch(text, 2, T)
        except ValueError:
            return {"refused": torch.tensor(1)}
        return {"refused": torch.tensor(0)}
    if "elsewhere" in given:
        both = batches.get_batch(text, 3, T, "meta")
        moved = sum(x.device.type == "meta" for x in both)
        return {"tensors_on_the_device": torch.tensor(moved)}

    def draw(B: int, seed: int | None) -> Tensor:
        """(B, 2T): inputs, and beside them targets; without a seed from torch's own generator."""
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        return torch.cat(batches.get_batch(text, B, T, "cpu", generator), dim=1)

    inputs, targets = batches.get_batch(text, 5, T)
    drawn = draw(DRAWS, seed=1)
    windows, counts = drawn.unique(dim=0, return_counts=True)
    torch.manual_seed(3)
    free = draw(20, None), draw(20, None)
    torch.manual_seed(3)
    return {
        "shape_of_inputs": torch.tensor(inputs.shape),
        "shape_of_targets": torch.tensor(targets.shape),
        "windows": windows,
        "shares": counts / DRAWS,
        "int64": torch.tensor(int({inputs.dtype, targets.dtype} == {torch.int64})),
        "same_seed_differs": differ(draw(20, 1), draw(20, 1)) | differ(free[0], draw(20, None)),
        "other_seed_agrees": 1 - differ(draw(20, 1), draw(20, 2)),
        "global_seed_ignored": 1 - differ(*free),
    }


RUNNERS = {"get_batch": run_get_batch}
