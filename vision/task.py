"""What the trainer is handed: a model, pictures, and how good it is by now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vision.convolutional import ConvolutionalNetwork
from vision.encoder import TransformerEncoder
from vision.pictures import Pictures, Split
from vision.settings import Shape, Training

AT_ONCE = 256  # pictures that go through the model together


class Found(NamedTuple):
    """What a model makes of pictures."""

    loss: float
    accuracy: float
    probabilities: Tensor  # (N, classes)


class Normalised(nn.Module):
    """A model with what it takes to go from bytes to its input, which is learnt from the data."""

    mean: Tensor  # of each channel, (channels, 1, 1), of pixels from 0 to 1
    deviation: Tensor

    def __init__(self, model: nn.Module, channels: int) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("mean", torch.zeros(channels, 1, 1))
        self.register_buffer("deviation", torch.ones(channels, 1, 1))

    def learn(self, pictures: Pictures) -> None:
        """Take mean and standard deviation from pictures to train on."""
        values = pictures.pixels.float() / 255
        self.mean.copy_(values.mean(dim=(0, 2, 3))[:, None, None])
        self.deviation.copy_(values.std(dim=(0, 2, 3))[:, None, None] + 1e-6)

    def forward(self, pixels: Tensor) -> Tensor:
        """(B, channels, side, side) in bytes to logits (B, classes)."""
        return self.model(self.normalise(pixels))

    def normalise(self, pixels: Tensor) -> Tensor:
        """Bytes to numbers around 0, most of them from -1 to 1."""
        return (pixels / 255 - self.mean) / self.deviation


def make_model(shape: Shape, side: int, channels: int, classes: int) -> Normalised:
    """A model with random weights for such pictures; raises a ValueError where sizes do not fit."""
    model: nn.Module = TransformerEncoder(
        side,
        shape.patch_size,
        shape.d_model,
        shape.num_heads,
        shape.num_layers,
        shape.d_ff,
        classes,
        channels=channels,
        dropout=shape.dropout,
        positions=shape.positions,
        norm_first=shape.norm_first,
        stem=shape.architecture == "stem",
    )
    if shape.architecture == "convolutional":
        size = sum(p.numel() for p in model.parameters())
        model = ConvolutionalNetwork.of_size(size, channels, classes, shape.dropout)
    return Normalised(model, channels)


def moved(pixels: Tensor, shift: int, flip: bool) -> Tensor:
    """Pictures as they might have been as well: moved by some pixels, half of them mirrored.

    What moves in at an edge repeats that edge.

    Args:
        pixels: (B, channels, side, side).
        shift: at most so many pixels, each number up to it being as likely, in both directions.
    """
    B, _, side, _ = pixels.shape
    if flip:
        mirrored = torch.rand(B) < 0.5
        pixels = torch.where(
            mirrored[:, None, None, None].to(pixels.device), pixels.flip(-1), pixels
        )
    if not shift:
        return pixels
    down, across = torch.randint(-shift, shift + 1, (2, B, 1))
    rows, columns = ((torch.arange(side) + by).clamp(0, side - 1) for by in (down, across))
    picture = torch.arange(B)[:, None, None]
    # an index of (B, side, side) on both sides of a slice puts the channels last
    return pixels[picture, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


class PictureTask:
    """What the trainer is handed."""

    def __init__(self, model: Normalised, pictures: Split, numbers: Training, device: Any) -> None:
        self.model, self.pictures, self.numbers, self.device = model, pictures, numbers, device
        self.size, self.held_out = len(pictures.train), len(pictures.dev)

    def order(self, generator: torch.Generator) -> list[int]:
        return torch.randperm(self.size, generator=generator).tolist()

    def micro_batches(self, rows: Sequence[int]) -> Iterator[Pictures]:
        for start in range(0, len(rows), AT_ONCE):
            yield self.pictures.train[rows[start : start + AT_ONCE]]

    def loss(self, batch: Pictures) -> tuple[Tensor, dict[str, float]]:
        """The loss summed over pictures that were moved a little, and how many are right."""
        pixels = moved(batch.pixels, self.numbers.shift, self.numbers.flip).to(self.device)
        labels = batch.labels.to(self.device)
        logits = self.model(pixels)
        right = float((logits.argmax(dim=-1) == labels).sum())
        return F.cross_entropy(logits, labels, reduction="sum"), {"Accuracy/train_epoch": right}

    def evaluate(self) -> tuple[float, dict[str, float]]:
        """Accuracy on dev, as what is best; of equal ones the lower loss."""
        found = look_at(self.model, self.pictures.dev, self.device)
        figures = {"Loss/dev": found.loss, "Accuracy/dev": found.accuracy}
        return found.accuracy - 1e-6 * found.loss, figures

    def best(self) -> dict[str, Any]:
        return {"model": self.model.state_dict()}


@torch.no_grad()
def look_at(model: nn.Module, pictures: Pictures, device: Any = "cpu") -> Found:
    """Classify pictures as they are."""
    model.eval()
    logits = torch.cat([model(part.to(device)).cpu() for part in pictures.pixels.split(AT_ONCE)])
    right = (logits.argmax(dim=-1) == pictures.labels).double().mean()
    loss = F.cross_entropy(logits, pictures.labels)
    return Found(float(loss), float(right), logits.softmax(dim=-1))
