"""Feeds `training.schedule.cosine_schedule`."""

from __future__ import annotations

import torch
from torch import Tensor

from assignment.runners.tensors import Tensors
from training import schedule


def run_schedule(given: Tensors) -> dict[str, Tensor]:
    max_lr, min_lr = float(given["max_lr"]), float(given["min_lr"])
    warmup_steps, cycle_steps = int(given["warmup_steps"]), int(given["cycle_steps"])
    if "refused" in given:
        try:
            schedule.cosine_schedule(1, max_lr, min_lr, warmup_steps, cycle_steps)
        except ValueError:
            return {"refused": torch.tensor(1)}
        return {"refused": torch.tensor(0)}
    rates = [
        schedule.cosine_schedule(step, max_lr, min_lr, warmup_steps, cycle_steps)
        for step in given["steps"].tolist()
    ]
    return {"rates": torch.tensor(rates, dtype=torch.float64)}


RUNNERS = {"schedule": run_schedule}
