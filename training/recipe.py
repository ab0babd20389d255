"""What decides the result of a training run, beside the model and the data."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from optimizer import AdamW
from support.processor import has_units
from support.words import count_in_words


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
    weight_decay: float = 0.0  # decoupled, of AdamW
    warmup_steps: int = 0  # of the optimizer, in which the rate rises from 0 to lr
    patience: int | None = None  # epochs without a better one that end the run; None: all are run

    def __post_init__(self) -> None:
        bounds = {"epochs": 1, "batch_size": 1, "max_tokens": 1, "patience": 1, "warmup_steps": 0}
        for name, least in bounds.items():
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"{name}={value}: must be at least {least}")
        if not 0 <= self.weight_decay < float("inf"):
            raise ValueError(f"weight_decay={self.weight_decay}: must be a number of at least 0")
        if not 0 < self.lr < float("inf"):
            raise ValueError(f"lr={self.lr}: must be a positive number")
        if self.compile and not hasattr(AdamW, "update"):  # a learner's
            raise ValueError("compile: the AdamW of this tree has no update(); leave it out")

    def __str__(self) -> str:
        return (
            f"{count_in_words(self.epochs, 'epoch')}, batches of {self.batch_size}, lr {self.lr:g}"
            f"{f' after {self.warmup_steps} steps of warm-up' if self.warmup_steps else ''}"
            f"{f', weight decay {self.weight_decay:g}' if self.weight_decay else ''}"
            f"{f', patience {self.patience}' if self.patience else ''}"
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
