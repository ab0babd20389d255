"""How good a trained model is, class by class, and what it takes for what."""

from __future__ import annotations

import torch
from torch import Tensor

from support.words import banner
from vision.pictures import Pictures
from vision.task import look_at
from vision.trained import Trained

MOST = 20  # classes, up to which all of a table is shown


def evaluate(trained: Trained, pictures: Pictures) -> float:
    """Print accuracies and the table of confusions; returns the accuracy.

    Raises:
        ValueError: the pictures have other classes, or another size.
    """
    pictures = fitting(trained, pictures)
    found = look_at(trained.model, pictures)
    table = confusions(pictures.labels, found.probabilities.argmax(dim=-1), len(trained.names))
    words = f"accuracy {found.accuracy:.3f}, loss {found.loss:.3f}, {len(pictures):,} pictures"
    print(banner("found", words))
    each = table.diagonal() / table.sum(dim=1).clamp(min=1)
    order = each.argsort().tolist()
    for label in order[:MOST]:
        count = int(table[label].sum())
        print(f"  {trained.names[label]:<16} {each[label]:.3f} of {count:,}")
    if len(order) > MOST:
        print(f"  ... and {len(order) - MOST} more classes, which do better")
    print("\nmost often taken for another")
    wrong = table - table.diagonal().diag()
    for place in wrong.flatten().argsort(descending=True, stable=True)[:5].tolist():
        if count := int(wrong.flatten()[place]):
            right, taken = divmod(place, len(trained.names))
            print(f"  {count:>4} {trained.names[right]} for {trained.names[taken]}")
    return found.accuracy


def confusions(labels: Tensor, taken: Tensor, classes: int) -> Tensor:
    """(classes, classes): how often a class, the row, was taken for another, the column."""
    return torch.bincount(labels * classes + taken, minlength=classes**2).reshape(classes, classes)


def fitting(trained: Trained, pictures: Pictures) -> Pictures:
    """The same pictures with the labels that the model knows.

    Raises:
        ValueError: they have a class that it does not know, or are of another size.
    """
    if unknown := set(pictures.names) - set(trained.names):
        raise ValueError(
            f"the pictures have a class {min(unknown)!r}, and {trained.folder} knows "
            f"{', '.join(trained.names[:10])}"
        )
    if (pictures.channels, pictures.side) != (trained.channels, trained.side):
        raise ValueError(
            f"pictures of {pictures.side} pixels with {pictures.channels} channels, and "
            f"{trained.folder} takes {trained.side} with {trained.channels}"
        )
    labels = torch.tensor([trained.names.index(name) for name in pictures.names])
    return Pictures(pictures.pixels, labels[pictures.labels], trained.names)
