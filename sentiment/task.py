"""What the trainer is handed: a classifier, and film reviews with their labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from classifier import LlamaEmbeddingClassifier
from sentiment.evaluation import Metrics, evaluate, log_probabilities
from sentiment.trained import About
from training.batches import Batch, padded_batches, shown
from training.recipe import Recipe


@dataclass
class ReviewTask:
    """What the trainer is handed: a classifier, and reviews with their labels."""

    model: LlamaEmbeddingClassifier
    ids: dict[str, list[list[int]]]  # split -> token ids, or rows of a bank of states
    labels: dict[str, list[int]]
    pad_id: int
    recipe: Recipe
    about: About
    class_weights: list[float] | None = None
    best_by: str = "accuracy"

    def __post_init__(self) -> None:
        self.device = self.model.classifier_head.weight.device
        self.weights: Tensor | None = None
        if self.class_weights is not None:
            self.weights = torch.tensor(self.class_weights, device=self.device)
        self.size, self.held_out = len(self.ids["train"]), len(self.ids["dev"])

    def order(self, generator: torch.Generator) -> list[int]:
        return torch.randperm(self.size, generator=generator).tolist()

    def micro_batches(self, rows: Sequence[int]) -> Iterator[Batch]:
        budget = self.recipe.max_tokens
        return padded_batches(
            self.ids["train"], self.pad_id, max_tokens=budget, rows=rows, device=self.device
        )

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        labels = torch.tensor([self.labels["train"][row] for row in batch.rows])
        labels = labels.to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.autocast):
            log_probabilities = self.model(batch.tokens, batch.mask)
            loss = F.nll_loss(log_probabilities, labels, self.weights, reduction="sum")
        right = (log_probabilities.argmax(dim=-1) == labels).sum()
        return loss, {"Accuracy/train": float(right)}

    def predict(self, split: str) -> Tensor:
        """(texts, classes) log-probabilities, in the file's order."""
        ids, budget = self.ids[split], 4 * self.recipe.max_tokens
        batches = padded_batches(ids, self.pad_id, max_tokens=budget, device=self.device)
        batches = shown(batches, ids, split, estimate=False)
        return log_probabilities(self.model, batches, len(ids), autocast=self.recipe.autocast)

    def evaluate(self) -> tuple[float, dict[str, float]]:
        found = self.predict("dev")
        labels = self.labels["dev"]
        dev = evaluate(labels, found.argmax(dim=-1).tolist(), self.model.num_labels)
        figures = figures_of("dev", mean_loss(found, labels), dev)
        return dev.accuracy if self.best_by == "accuracy" else dev.macro_f1, figures

    def best(self) -> dict[str, Any]:
        return {"about": asdict(self.about), "model": self.model.state_dict()}


def weights_of(asked: str | None, labels: Sequence[int], classes: int) -> list[float] | None:
    """What an example of each class weighs in the loss.

    "balanced" is n / (classes * n of the class): each class weighs the same, and the examples 1 on
    average.

    Raises:
        ValueError: there is not one positive number for each class.
    """
    if asked is None:
        return None
    if asked == "balanced":
        return [len(labels) / (classes * max(1, labels.count(c))) for c in range(classes)]
    try:
        weights = [float(number) for number in asked.split(",")]
    except ValueError:
        weights = []
    if len(weights) != classes or not all(0 < weight < float("inf") for weight in weights):
        raise ValueError(
            f"class_weights={asked}: must be balanced, or {classes} positive numbers with commas"
        )
    return weights


def mean_loss(scores: Tensor, labels: Sequence[int]) -> float:
    """The mean cross-entropy of (texts, classes) log-probabilities, classes weighing the same."""
    return F.nll_loss(scores, torch.tensor(labels)).item()


def figures_of(split: str, loss: float, metrics: Metrics) -> dict[str, float]:
    """A split's figures under their names in the log."""
    figures = {"Loss": loss, "Accuracy": metrics.accuracy, "F1": metrics.macro_f1}
    return {f"{quantity}/{split}": value for quantity, value in figures.items()}
