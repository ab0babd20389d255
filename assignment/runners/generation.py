"""Feeds `generation.TextGenerator.write`, by way of `generate` and `stream`, which are given."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

import sampling
from assignment.runners.standins import StandInLlama, in_place_of, stand_in_draw
from assignment.runners.tensors import Tensors
from generation import TextGenerator


class Writer(StandInLlama, TextGenerator):
    """The stand-in of a model, with the methods of what writes; it counts what it reads."""

    def __init__(self, embeddings: Tensor, output: Tensor) -> None:
        super().__init__(embeddings)
        self.output.weight = nn.Parameter(output)
        self.tokens_read = 0

    def forward(self, tokens: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        self.tokens_read += tokens.shape[1]
        return super().forward(tokens, *args, **kwargs)


def run_generate(given: Tensors) -> dict[str, Tensor]:
    with in_place_of(sampling.sample_next, stand_in_draw):
        return read_step_by_step(given) if "steps" in given else write(given)


def write(given: Tensors) -> dict[str, Tensor]:
    """What is written, its log-probabilities, and whether the randomness asked for was used."""
    options: dict[str, Any] = {"mask": given["real"]} if "real" in given else {}
    for name in ("top_k", "repetition_penalty"):
        if name in given:
            options[name] = given[name].item()
    if "stop_tokens" in given:
        options["stop_tokens"] = given["stop_tokens"].tolist()
    generator = torch.Generator().manual_seed(1)
    before = generator.get_state()
    text, logprobs = Writer(given["embeddings"], given["output"]).generate(
        given["tokens"],
        int(given["new"]),
        float(given["temperature"]),
        generator=generator,
        return_logprobs=True,
        **options,
    )
    outputs = {"text": text, "log_probabilities_of_new_tokens": logprobs}
    if float(given["temperature"]) > 0:
        unused = torch.equal(generator.get_state(), before)
        outputs["generator_ignored"] = torch.tensor(int(unused))
    return outputs


def read_step_by_step(given: Tensors) -> dict[str, Tensor]:
    """How many tokens the model has read after each new one: with a cache, without, with one lent.

    The lent cache has read the first two tokens of the prompt before.
    """
    tokens, new = given["tokens"], int(given["new"])
    outputs = {}
    for name in ("cache", "no_cache", "lent_cache"):
        model = Writer(given["embeddings"], given["output"])
        options: dict[str, Any] = {"use_cache": name != "no_cache"}
        if name == "lent_cache":
            options["cache"] = model.new_cache(len(tokens))
            with torch.no_grad():
                model(tokens[:, :2], cache=options["cache"])
        written, counts = [], []
        for token in model.stream(tokens, new, 0.0, **options):
            written.append(token)
            counts.append(model.tokens_read)
        outputs[f"new_tokens.{name}"] = torch.cat(written, dim=1)
        outputs[f"tokens_read.{name}"] = torch.tensor(counts)
    return outputs


RUNNERS = {"generate": run_generate}
