"""What decides a finetuning run, in two frozen dataclasses that are validated once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from optimizer import AdamW
from support.processor import cpp_compiler, has_units

# Presets: the course's recipe for the whole model, and the laptop's for a head on frozen states.
WHOLE_MODEL = {"epochs": 5, "lr": 2e-5}
FROZEN = {"epochs": 20, "lr": 3e-4}


@dataclass(frozen=True)
class Recipe:
    """What decides the result of a training run, beside model and data.

    Raises:
        ValueError: a field is out of range.
    """

    epochs: int  # passes over the training set
    lr: float  # learning rate
    batch_size: int = 8  # sentences for one step of the optimizer
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

    @classmethod
    def preset(cls, frozen: bool, **fields: Any) -> Recipe:
        """The recipe of a frozen or of a whole model; a field of None takes the default."""
        preset = FROZEN if frozen else WHOLE_MODEL
        given = {name: value for name, value in fields.items() if value is not None}
        return cls(**{**preset, **given})


@dataclass(frozen=True)
class FinetuneOptions:
    """What decides a run beside its recipe and data.

    Raises:
        ValueError: a field is out of range.
    """

    freeze: bool  # train the head alone
    activation_checkpointing: str  # one of activations.LIMITS: which layers compute twice
    pooling: str  # one of pooling.POOLING_METHODS
    dropout: float  # probability, before the head
    max_sentence_len: int | None  # tokens of a review that are kept; None keeps what fits
    save_minutes: float  # between two saves of the run's state
    resume: bool
    tensorboard: bool
    checkpoint: Path  # of the model, to tell runs apart

    def __post_init__(self) -> None:
        if not 0 <= self.dropout < 1:
            raise ValueError(f"hidden_dropout_prob={self.dropout}: must be in [0, 1)")
        if self.max_sentence_len is not None and self.max_sentence_len < 1:
            raise ValueError(f"max_sentence_len={self.max_sentence_len}: must be at least 1")
        if not self.save_minutes >= 0:  # true for NaN as well
            raise ValueError(f"save_minutes={self.save_minutes}: must be at least 0")


def choose_autocast(asked: str, device: torch.device) -> bool:
    """Whether to multiply in bfloat16: "on", "off", or "auto", where the hardware does it fast."""
    if asked != "auto":
        return asked == "on"
    if device.type == "cpu":
        return has_units(torch.bfloat16)
    return device.type == "cuda" and torch.cuda.is_bf16_supported()


def choose_compile(asked: bool, freeze: bool) -> bool:
    """Whether to compile AdamW's step: where it was asked for and there is a compiler.

    Raises:
        ValueError: it was asked for and makes no sense, or this tree's AdamW cannot do it.
    """
    if asked and freeze:
        raise ValueError(
            "--compile makes one kernel of AdamW's step over the whole model, and here a head "
            "alone is trained: leave it out, or give --no-freeze"
        )
    if asked and not hasattr(AdamW, "compile"):  # a learner's
        raise ValueError("--compile: the AdamW of this tree has no compile(); leave it out")
    return asked and cpp_compiler() is not None
