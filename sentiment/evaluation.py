"""What a classifier says of texts, how good that is, and the files that hold it."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from sentiment.reviews import Reviews, majority_class
from sentiment.tables import SEPARATOR
from support.files import write_text
from training.batches import Batch


@torch.no_grad()
def log_probabilities(
    classifier: nn.Module, batches: Iterable[Batch], count: int, *, autocast: bool = False
) -> Tensor:
    """(texts, classes) log-probabilities in the order of the texts, without dropout.

    Raises:
        ValueError: one is not finite.
    """
    classifier.eval()
    rows, found = [], []
    for batch in batches:
        with torch.autocast(batch.tokens.device.type, torch.bfloat16, enabled=autocast):
            found.append(classifier(batch.tokens, batch.mask).float().cpu())
        require_finite(found[-1])
        rows += batch.rows
    together = torch.cat(found)
    ordered = torch.empty(count, together.shape[1])
    ordered[rows] = together
    return ordered


def require_finite(scores: Tensor) -> None:
    """Raise a ValueError where a score is NaN or infinite: its argmax would pass for a label."""
    if not bool(torch.isfinite(scores).all()):
        raise ValueError(
            "scores are not finite: damaged weights, a dtype that is too narrow, or training that "
            "diverged (lower --lr)"
        )


@dataclass(frozen=True)
class Metrics:
    """Predictions held against labels."""

    examples: int
    accuracy: float
    macro_f1: float  # mean F1 of the classes that occur among labels or predictions
    majority: float  # accuracy of always answering the most frequent label
    confusion: list[list[int]]  # [label][prediction] -> count

    def __str__(self) -> str:
        return (
            f"accuracy {self.accuracy:.3f} (majority class {self.majority:.3f}), "
            f"macro F1 {self.macro_f1:.3f}, {self.examples} examples"
        )

    def table(self, names: Sequence[str]) -> str:
        """The confusion matrix for people: labels down, predictions across."""
        width = max(6, *(len(name) for name in names))
        lines = [" " * width + "".join(f" {name:>{width}}" for name in names) + "   <- predicted"]
        for name, row in zip(names, self.confusion, strict=True):
            lines.append(f"{name:>{width}}" + "".join(f" {count:{width}}" for count in row))
        return "\n".join(lines)


def evaluate(labels: Sequence[int], predictions: Sequence[int], classes: int) -> Metrics:
    """Compare predictions with labels in 0 .. classes-1.

    Raises:
        ValueError: they are not equally many, or there are none.
    """
    if len(labels) != len(predictions) or not labels:
        raise ValueError(f"{len(predictions)} predictions for {len(labels)} labels")
    confusion = [[0] * classes for _ in range(classes)]
    for label, prediction in zip(labels, predictions, strict=True):
        confusion[label][prediction] += 1
    f1 = []
    for c in range(classes):
        actual = sum(confusion[c])
        predicted = sum(row[c] for row in confusion)
        if actual + predicted:  # 2 TP / (2 TP + FP + FN)
            f1.append(2 * confusion[c][c] / (actual + predicted))
    right = sum(confusion[c][c] for c in range(classes))
    usual = majority_class(labels)
    return Metrics(
        examples=len(labels),
        accuracy=right / len(labels),
        macro_f1=sum(f1) / len(f1),
        majority=sum(label == usual for label in labels) / len(labels),
        confusion=confusion,
    )


def evaluate_reviews(reviews: Reviews, predictions: Sequence[int], classes: int) -> Metrics | None:
    """`evaluate`, or None where the labels are a placeholder."""
    return evaluate(reviews.labels, predictions, classes) if reviews.has_labels else None


def describe(split: str, metrics: Metrics | None, names: Sequence[str]) -> str:
    """What to tell about a split."""
    if metrics is None:
        return f"{split} accuracy n/a: the file's labels are a placeholder, the same on every line"
    return f"{split} {metrics}\n{metrics.table(names)}"


def write_predictions(
    path: str | os.PathLike[str], predictions: Sequence[int], reviews: Reviews
) -> None:
    """Write lines `prediction ||| sentence` in the order of the reviews' file."""
    lines = zip(predictions, reviews.sentences, strict=True)
    write_text(path, "".join(f"{label}{SEPARATOR}{sentence}\n" for label, sentence in lines))


def probabilities_path(path: str | os.PathLike[str]) -> Path:
    """Where the probabilities beside a file of predictions go."""
    return Path(path).with_name(f"{Path(path).stem}-probabilities.csv")


def write_probabilities(
    path: str | os.PathLike[str], scores: Tensor, reviews: Reviews, names: Sequence[str]
) -> Path:
    """Write a table beside the predictions: the label, each one's probability, the sentence.

    Args:
        path: of the predictions.
        scores: (texts, classes) logarithms; a softmax makes probabilities of zero-shot ones.
    """
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["prediction", *names, "sentence"])
    for row, sentence in zip(scores.softmax(dim=-1), reviews.sentences, strict=True):
        writer.writerow([names[int(row.argmax())], *(f"{p:.6f}" for p in row), sentence])
    write_text(probabilities_path(path), table.getvalue())
    return probabilities_path(path)
