"""A small task for the trainer: from the tokens of a text to one of three classes."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.batches import Batch, padded_batches
from training.recipe import Recipe
from training.run import Run
from training.trainer import Trainer

RECIPE = {"epochs": 2, "lr": 1e-2, "batch_size": 8, "max_tokens": 64, "seed": 3}
SIZE = 43  # so that the last batch has three examples of eight


class ToyModel(nn.Module):
    """The mean of embeddings, dropout, a linear layer."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(30, 12)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(12, 3)

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        real = mask[..., None]
        mean = (self.embedding(tokens) * real).sum(dim=1) / real.sum(dim=1)
        return F.log_softmax(self.head(self.dropout(mean)), dim=-1)


class ToyTask:
    """As training.trainer.Task has it."""

    def __init__(self, recipe: Recipe, dropout: float = 0.0) -> None:
        torch.manual_seed(recipe.seed)
        self.model = ToyModel(dropout)
        rng = random.Random(1)
        self.ids = [[rng.randrange(30) for _ in range(rng.randint(1, 15))] for _ in range(SIZE)]
        self.labels = torch.tensor([max(text) % 3 for text in self.ids])
        self.recipe = recipe
        self.size = self.held_out = SIZE

    def order(self, generator: torch.Generator) -> list[int]:
        return torch.randperm(self.size, generator=generator).tolist()

    def micro_batches(self, rows: Sequence[int]) -> Iterator[Batch]:
        return padded_batches(self.ids, 0, max_tokens=self.recipe.max_tokens, rows=rows)

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        found, labels = self.model(batch.tokens, batch.mask), self.labels[batch.rows]
        right = float((found.argmax(dim=-1) == labels).sum())
        return F.nll_loss(found, labels, reduction="sum"), {"Accuracy/train": right}

    @torch.no_grad()
    def evaluate(self) -> tuple[float, dict[str, float]]:
        self.model.eval()
        parts = [self.loss(batch) for batch in self.micro_batches(range(SIZE))]
        loss = sum(float(loss) for loss, _ in parts)
        right = sum(figures["Accuracy/train"] for _, figures in parts)
        return right / SIZE, {"Loss/dev": loss / SIZE, "Accuracy/dev": right / SIZE}

    def best(self) -> dict[str, Any]:
        return {"model": self.model.state_dict()}


def toy_trainer(
    root: Path, run: Run | None = None, dropout: float = 0.0, options: Any = (), **changes: Any
) -> Trainer:
    """A trainer in a new run's folder, or in the given one's."""
    recipe = Recipe(**{**RECIPE, **changes})
    run = run or Run.new("toy", {}, root)
    return Trainer(ToyTask(recipe, dropout), recipe, run, **dict(options))


def weights(trainer: Trainer) -> Tensor:
    return torch.cat([p.detach().flatten() for p in trainer.task.model.parameters()])
