"""Feeds `optimizer.AdamW.step`."""

from __future__ import annotations

import importlib
from typing import Any

import torch
from torch import Tensor, nn

from .parts import Tensors


def run_adamw(given: Tensors) -> dict[str, Tensor]:
    if "inputs" in given:
        return run_regression(given)
    try:
        return run_groups(given)
    except NotImplementedError:
        raise
    except Exception:
        if given["correct_bias"].all():
            raise
        # The course never switches the correction off; a learner's variable may be missing then.
        names = [name for name in given if name.startswith("parameters.")]
        return {name: torch.full_like(given[name], torch.nan) for name in names}


def run_groups(given: Tensors) -> dict[str, Tensor]:
    """Steps with the given gradients, a group of settings for each two parameters."""
    groups: list[dict[str, Any]] = []
    count = sum(name.startswith("parameters.") for name in given)
    parameters = [nn.Parameter(given[f"parameters.{i}"].clone()) for i in range(count)]
    for i in range(len(given["lr"])):
        options: dict[str, Any] = {n: float(given[n][i]) for n in ("lr", "eps", "weight_decay")}
        options["betas"] = float(given["beta1"][i]), float(given["beta2"][i])
        options["correct_bias"] = bool(given["correct_bias"][i])
        groups.append({"params": parameters[2 * i : 2 * i + 2], **options, **clipping(given)})
    optimizer = importlib.import_module("optimizer").AdamW(groups)
    for step in range(len(given["gradients.0"])):
        for i, parameter in enumerate(parameters):
            parameter.grad = given[f"gradients.{i}"][step].clone()
        optimizer.step()
    return {f"parameters.{i}": p.detach() for i, p in enumerate(parameters)}


def run_regression(given: Tensors) -> dict[str, Tensor]:
    """As the course's own test does: a linear layer learns (x0 + x1, -x2), a row at a time."""
    layer = nn.Linear(3, 2, bias=False)
    layer.weight = nn.Parameter(given["weight"].clone())
    optimizer = importlib.import_module("optimizer").AdamW(
        layer.parameters(), lr=1e-3, weight_decay=1e-4, correct_bias=True, **clipping(given)
    )
    for x, y in zip(given["inputs"], given["targets"], strict=True):
        optimizer.zero_grad()
        ((y - layer(x)) ** 2).sum().backward()
        optimizer.step()
    return {"weight": layer.weight.detach()}


def clipping(given: Tensors) -> dict[str, float]:
    """The option that the course has had since 2025."""
    return {"max_grad_norm": float(given["max_grad_norm"])} if "max_grad_norm" in given else {}


RUNNERS = {"adamw": run_adamw}
