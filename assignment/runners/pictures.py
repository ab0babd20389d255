"""Runs the whole encoder of pictures, stage by stage, and lets it learn a few pictures by heart."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from assignment.cases import PICTURES, STAGE
from assignment.runners.encoder import fill
from assignment.runners.tensors import Tensors
from vision.encoder import TransformerEncoder

STEPS = 60  # of training, ten times as many as the reference needs for a loss of a half


def run_pictures(given: Tensors) -> dict[str, Tensor]:
    model = TransformerEncoder(**PICTURES)
    fill(model, given).eval()
    with torch.no_grad():
        stages: dict[str, Tensor] = {}
        watch(model, stages)
        outputs = {"class_logits": model(given["pictures"])}
        outputs = {**{STAGE + name: x for name, x in stages.items()}, **outputs}
        outputs["looks"] = model.attention_maps(given["pictures"])
    if "labels" not in given:
        return outputs
    loss(model, given).backward()
    slopes = [
        parameter.new_zeros(()) if parameter.grad is None else
        (parameter.grad * given[f"direction.{name}"]).sum()
        for name, parameter in model.named_parameters()
    ]  # fmt: skip
    return outputs | {"slopes": torch.stack(slopes), "unlearnt": train(model, given)}


def watch(model: TransformerEncoder, stages: dict[str, Tensor]) -> None:
    """Fill `stages`, in the order of computation, while the model runs."""

    def keep(module: nn.Module, name: str) -> None:
        def note(_module: Any, _inputs: Any, output: Any) -> None:
            if isinstance(output, tuple):
                output, stages[f"{name}: weights"] = output
            stages[name] = output

        module.register_forward_hook(note)

    keep(model.embedding, "embedding")
    keep(model.positions, "positions")
    layers: Any = model.layers
    for index, layer in enumerate(layers):
        keep(layer.attention, f"layers.{index}.attention")
        keep(layer.feed_forward, f"layers.{index}.feed_forward")
        keep(layer, f"layers.{index}")


def loss(model: TransformerEncoder, given: Tensors) -> Tensor:
    return F.cross_entropy(model(given["pictures"]), given["labels"])


def train(model: TransformerEncoder, given: Tensors) -> Tensor:
    """How many of the pictures are still mistaken after some steps."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss(model, given).backward()
        optimizer.step()
    with torch.no_grad():
        return (model(given["pictures"]).argmax(dim=-1) != given["labels"]).sum()


RUNNERS = {"pictures": run_pictures}
