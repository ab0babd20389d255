"""Lets the tiny model write: greedily, with filters that leave one token, and by draw."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

import llama
import sampling
from assignment.runners.stack import run_stack, tiny_llama
from assignment.runners.tensors import Tensors, differ

TOP_K = 4  # of the draws


def run_writing(given: Tensors) -> dict[str, Tensor]:
    if "new" not in given:
        return run_stack(given)
    model = tiny_llama(given)
    tokens, new, real = given["tokens"], int(given["new"]), given.get("real")

    def write(temperature: float, **options: Any) -> Tensor:
        text: Tensor = model.generate(tokens, new, temperature, mask=real, **options)
        return text

    outputs = {
        "at_temperature_0": write(0.0),
        "without_a_cache": write(0.0, use_cache=False),
        "of_one_token": write(2.0, top_k=1),
        "of_a_tiny_share": write(2.0, top_p=1e-4),
    }
    if real is not None:
        return outputs
    return {"greedily": write_greedily(model, tokens, new), **outputs, **drawn(model, given)}


@torch.no_grad()
def write_greedily(model: llama.Llama, text: Tensor, new: int) -> Tensor:
    """The plain loop: the whole text is read again for each token."""
    for _ in range(new):
        logits, _ = model(text)
        text = torch.cat((text, sampling.greedy_next(logits[:, -1])), dim=1)
    return text


@torch.no_grad()
def drawn(model: llama.Llama, given: Tensors) -> dict[str, Tensor]:
    """Whether all that is drawn is among the best, and whether another seed writes another text."""
    tokens, new = given["tokens"], int(given["new"])
    one, other = (
        model.generate(tokens, new, 1.5, top_k=TOP_K, generator=torch.Generator().manual_seed(seed))
        for seed in (1, 2)
    )
    logits = model(one, targets=one)[0][:, -new - 1 : -1]  # before each of the new tokens
    better = (logits > logits.gather(-1, one[:, -new:, None]) + 1e-3).sum(dim=-1)
    return {
        "outside_the_best": (better >= TOP_K).sum(),
        "other_seed_agrees": 1 - differ(one, other),
    }


RUNNERS = {"writing": run_writing}
