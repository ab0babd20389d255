"""Feeds `pretraining.functional`."""

from __future__ import annotations

import torch
from torch import Tensor

from assignment.runners.tensors import Tensors, kept
from pretraining import functional


def run_softmax(given: Tensors) -> dict[str, Tensor]:
    x = given["x"].clone()
    probabilities = functional.softmax(x, int(given["dim"]))
    return {"probabilities": probabilities, "input_kept": kept(x, given["x"])}


def run_cross_entropy(given: Tensors) -> dict[str, Tensor]:
    logits, targets = given["logits"].clone().requires_grad_(), given["targets"]
    if "refused" in given:
        try:
            functional.cross_entropy(logits, targets)
        except ValueError:
            return {"refused": torch.tensor(1)}
        return {"refused": torch.tensor(0)}
    loss = functional.cross_entropy(logits, targets)
    outputs = {"loss": loss, "logits_kept": kept(logits, given["logits"])}
    if loss.numel() == 1:
        loss.sum().backward()
        assert logits.grad is not None
        outputs["gradient"] = logits.grad
    return outputs


RUNNERS = {"softmax": run_softmax, "cross_entropy": run_cross_entropy}
