"""What decides the result of a training run, beside the model and the data."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from optimizer import AdamW
from support.processor import has_units


@dataclass(frozen=True)
class Recipe:
    """The numbers of a run, validated once.

    Raises:
        ValueError: a field is out of range.
    """

    epochs: int  # passes over the training set
    lr: float  # learning rate
    batch_size: int = 8  # examples for one step of the optimizer
    max_tokens: int = 512  # of a micro-batch, padding included: bounds the memory
    seed: int = 1337
    autocast: bool = False  # multiply in bfloat16; weights, sums and moments stay float32
    compile: bool = False  # AdamW's step, which changes how it rounds

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "max_tokens"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)}: must be at least 1")
        if not 0 < self.lr < float("inf"):
            raise ValueError(f"lr={self.lr}: must be a positive number")
        if self.compile and not hasattr(AdamW, "update"):  # a learner's
            raise ValueError("compile: the AdamW of this tree has no update(); leave it out")

    def __str__(self) -> str:
        return (
            f"{self.epochs} epochs, batches of {self.batch_size}, lr {self.lr:g}"
            f"{', bfloat16 products' if self.autocast else ''}"
            f"{', compiled AdamW' if self.compile else ''}"
        )


def choose_autocast(asked: str, device: torch.device) -> bool:
    """Whether to multiply in bfloat16: "on", "off", or "auto", where the hardware does it fast."""
    if asked != "auto":
        return asked == "on"
    if device.type == "cpu":
        return has_units(torch.bfloat16)
    return device.type == "cuda" and torch.cuda.is_bf16_supported()
