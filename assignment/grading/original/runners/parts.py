"""Parts that stand in for those around a task, and a model with given weights."""

from __future__ import annotations

import copy
import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn

from assignment.cases import FADING, TINY

Tensors = Mapping[str, Tensor]
TIED = "tok_embeddings.weight"


def tiny_config(**changes: Any) -> Any:
    """The tiny shape; another one each time, since learners may change it."""
    config = copy.copy(TINY)
    for name, value in changes.items():
        setattr(config, name, value)
    return config


def tiny_llama(given: Tensors) -> Any:
    """A learner's model with the given weights.

    Raises:
        ValueError: it has no parameter of a name that checkpoints have, or of another shape.
    """
    model = importlib.import_module("llama").Llama(tiny_config()).eval()
    own = model.state_dict(keep_vars=True)
    weights = {name: x for name, x in given.items() if name.endswith((".weight", ".bias"))}
    weights = {n: x for n, x in weights.items() if not n.startswith(("direction.", "head."))}
    with torch.no_grad():
        for name, weight in (weights | {"output.weight": weights[TIED]}).items():
            if name not in own or own[name].shape != weight.shape:
                raise ValueError(f"Llama has no {name} of shape {tuple(weight.shape)}")
            own[name].copy_(weight)
    return model


def generated(model: Any, tokens: Tensor, new: int, **options: Any) -> Tensor:
    """(B, T + new) ids, each row by itself, as the course has it."""
    return torch.cat([model.generate(row[None], new, **options) for row in tokens])


@contextmanager
def replaced(name: str, value: Any, *modules: str) -> Iterator[None]:
    """Put something in the place of a function, wherever these modules know it by that name."""
    found: list[ModuleType] = [importlib.import_module(module) for module in modules]
    patches = [mock.patch.object(module, name, value) for module in found if hasattr(module, name)]
    for patch in patches:
        patch.start()
    try:
        yield
    finally:
        for patch in patches:
            patch.stop()


class Given(nn.Module):
    """Whatever comes in, this comes out."""

    def __init__(self, output: Tensor) -> None:
        super().__init__()
        self.output = output

    def forward(self, *_: Any, **__: Any) -> Tensor:
        return self.output


class RecordedDropout(nn.Dropout):
    """Dropout whose choice is given; on (B, T, C) it is the same for every token."""

    def __init__(self, keep: Tensor) -> None:
        super().__init__(p=0.5)
        self.keep = keep  # 0 where dropped, 1 / (1 - p) where kept

    def forward(self, input: Tensor) -> Tensor:
        keep = self.keep[:, None] if input.ndim > self.keep.ndim else self.keep
        return input * keep


class StandInNorm(nn.Module):
    """Scales each feature, and no more."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight


class StandInAttention(nn.Module):
    """Averages what stands before a token, all alike, and projects it."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, x: Tensor, *_: Any, **__: Any) -> Tensor:
        seen = torch.ones(x.shape[1], x.shape[1]).tril()
        return seen / seen.sum(-1, keepdim=True) @ x @ self.weight


class StandInFeedForward(nn.Module):
    """One projection and a tanh."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.weight)


class StandInLlama(nn.Module):
    """A language model whose states are fading sums of what stands before them."""

    def __init__(self, embeddings: Tensor) -> None:
        super().__init__()
        vocab_size, dim = embeddings.shape
        self.config = self.params = tiny_config(vocab_size=vocab_size, dim=dim)
        self.tok_embeddings = nn.Embedding(vocab_size, dim, _weight=embeddings)

    def forward(self, tokens: Tensor, targets: Tensor | None = None) -> tuple[Tensor, Tensor]:
        steps = torch.arange(tokens.shape[1])
        age = steps[:, None] - steps
        weights = torch.where(age >= 0, FADING ** age.clamp(min=0), 0.0)
        h = torch.tanh(weights @ self.tok_embeddings(tokens))
        wanted = h if targets is not None else h[:, [-1]]
        return wanted @ self.tok_embeddings.weight.T, h
