"""Feeds `optimizer.AdamW.step`."""

from __future__ import annotations

from torch import Tensor, nn

from assignment.runners.standins import Tensors
from optimizer import AdamW


def run_adamw(given: Tensors) -> dict[str, Tensor]:
    groups, parameters = [], []
    for i in range(len(given["lr"])):
        parameters.append(nn.Parameter(given[f"parameters.{i}"].clone()))
        options = {name: float(given[name][i]) for name in ("lr", "eps", "weight_decay")}
        betas = float(given["beta1"][i]), float(given["beta2"][i])
        correct = bool(given["correct_bias"][i])
        groups.append(
            {"params": [parameters[-1]], "betas": betas, "correct_bias": correct, **options}
        )
    optimizer = AdamW(groups)
    for step in range(len(given["gradients.0"])):
        for i, parameter in enumerate(parameters):
            parameter.grad = given[f"gradients.{i}"][step].clone()
        optimizer.step()
    return {f"parameters.{i}": p.detach() for i, p in enumerate(parameters)}


RUNNERS = {"adamw": run_adamw}
