"""Labelled pictures as tensors: what is kept of a data set, and how it is split."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

DEV_SHARE = 0.1  # of the pictures, from which the best epoch is chosen
TEST_SHARE = 0.2  # of the pictures, where a data set holds none out itself


@dataclass(frozen=True)
class Pictures:
    """Pictures of one size, and what they show.

    Raises:
        ValueError: there is none.
    """

    pixels: Tensor  # (N, channels, side, side) in bytes
    labels: Tensor  # (N,) int64: an index into names
    names: tuple[str, ...]  # of the classes

    def __post_init__(self) -> None:
        if not len(self.labels):
            raise ValueError("no pictures: give a folder with a folder of pictures for each class")

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: Tensor | Sequence[int]) -> Pictures:
        """Some of them."""
        rows = torch.as_tensor(rows)
        return replace(self, pixels=self.pixels[rows], labels=self.labels[rows])

    @property
    def channels(self) -> int:
        return self.pixels.shape[1]

    @property
    def side(self) -> int:
        """Height and width, in pixels."""
        return self.pixels.shape[-1]

    @property
    def digest(self) -> str:
        """A SHA-256 of pixels and labels."""
        found = hashlib.sha256(repr((tuple(self.pixels.shape), self.names)).encode())
        for tensor in (self.pixels, self.labels):
            found.update(tensor.contiguous().numpy().tobytes())
        return found.hexdigest()


class Split(NamedTuple):
    """What is trained on, what chooses the epoch, and what nothing has seen."""

    train: Pictures
    dev: Pictures
    test: Pictures


def without_copies(pictures: Pictures, others: Pictures | None = None) -> Pictures:
    """Each picture once, and none that is among the others: what is held out must be unseen.

    Copies are equal to the pixel. Of two that are, the first stays, in the order given.
    """

    def hashed(pixels: Tensor) -> bytes:
        return hashlib.sha256(pixels.numpy().tobytes()).digest()

    seen = set() if others is None else set(map(hashed, others.pixels))
    rows = []
    for row, pixels in enumerate(pictures.pixels):
        if (content := hashed(pixels)) not in seen:
            seen.add(content)
            rows.append(row)
    return pictures[rows]


def split(pictures: Pictures, test: Pictures | None, seed: int) -> Split:
    """Divide at random, by the seed; a test set that comes with the data stays what it is.

    Raises:
        ValueError: there are too few pictures, or of one class alone.
    """
    order = torch.randperm(len(pictures), generator=torch.Generator().manual_seed(seed))
    dev_count = round(DEV_SHARE * len(pictures))
    test_count = 0 if test else round(TEST_SHARE * len(pictures))
    train = pictures[order[dev_count + test_count :]]
    kinds = len(train.labels.unique())
    if not dev_count or kinds < 2:
        raise ValueError(
            f"{len(pictures)} pictures of {len(pictures.labels.unique())} classes: it takes at "
            "least two classes with some ten pictures each"
        )
    dev = pictures[order[:dev_count]]
    return Split(train, dev, test or pictures[order[dev_count : dev_count + test_count]])
