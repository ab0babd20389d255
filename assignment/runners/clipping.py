"""Feeds `training.clipping.clip_gradients`."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from assignment.runners.tensors import Tensors
from training import clipping


def run_clipping(given: Tensors) -> dict[str, Tensor]:
    max_norm = float(given["max_norm"])
    if "refused" in given:
        try:
            clipping.clip_gradients([nn.Parameter(torch.ones(2))], max_norm)
        except ValueError:
            return {"refused": torch.tensor(1)}
        return {"refused": torch.tensor(0)}
    gradients = [given[name] for name in sorted(given) if name.startswith("gradients.")]
    parameters = [nn.Parameter(torch.zeros_like(gradient)) for gradient in gradients]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient.clone()
    idle = nn.Parameter(torch.zeros(3))  # without a gradient, between the others
    everything = [*parameters[:1], idle, *parameters[1:]]
    norm = clipping.clip_gradients(iter(everything) if "once" in given else everything, max_norm)
    outputs = {f"gradients.{i}": p.grad for i, p in enumerate(parameters) if p.grad is not None}
    if "tiny" in given:  # numbers so small that their share alone can be compared
        shares = [outputs[f"gradients.{i}"] / x for i, x in enumerate(gradients)]
        outputs = {"factor": torch.cat([share.flatten() for share in shares]).mean()}
    is_number = isinstance(norm, Tensor | float | int)
    outputs["returns_a_number"] = torch.tensor(int(is_number))
    return outputs | ({"norm": torch.as_tensor(norm).detach()} if is_number else {})


RUNNERS = {"clipping": run_clipping}
