"""Runs the whole model, and keeps what stands at each stage on the way."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from assignment.cases import STAGE

from .parts import Tensors, generated, tiny_llama

PARTS = ("attention_norm", "attention", "ffn_norm", "feed_forward")


def run_stack(given: Tensors) -> dict[str, Tensor]:
    model, tokens = tiny_llama(given), given["tokens"]
    if "new" in given:
        return {"tokens": generated(model, tokens, int(given["new"]), temperature=0.0)}
    stages = recorded_stages(model)
    with torch.no_grad():
        logits, hidden = model(tokens, targets=tokens)
        found = {STAGE + name: x for name, x in stages.items()}
        last, _ = model(tokens)
    return {**found, "hidden_states": hidden, "logits": logits, "last_logits": last}


def recorded_stages(model: Any) -> dict[str, Tensor]:
    """A dictionary that fills, in the order of computation, while the model runs."""
    stages: dict[str, Tensor] = {}

    def watch(module: nn.Module | None, name: str) -> None:
        def keep(_module: nn.Module, _inputs: Any, output: Any) -> None:
            if isinstance(output, Tensor):
                stages[name] = output.detach().clone()

        if module is not None:
            module.register_forward_hook(keep)

    watch(model.tok_embeddings, "tok_embeddings")
    for index, layer in enumerate(model.layers):
        for part in PARTS:
            watch(getattr(layer, part, None), f"layers.{index}.{part}")
        watch(layer, f"layers.{index}")
    return stages


RUNNERS = {"stack": run_stack}
