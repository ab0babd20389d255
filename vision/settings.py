"""What a run on pictures is made of: nested dataclasses, as `support/settings.py` fills them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Architecture = Literal["plain", "stem", "convolutional"]


@dataclass(frozen=True)
class Shape:
    """The model."""

    # plain: patches by a linear map; stem: by two convolutions; convolutional: no transformer, and
    # about as many parameters as the plain one of these sizes
    architecture: Architecture = "plain"
    patch_size: int = 4  # pixels
    d_model: int = 64  # width
    num_heads: int = 4  # of attention, in each layer
    num_layers: int = 3
    d_ff: int = 128  # of the feed-forward network
    positions: Literal["sine", "sine-2d", "learned"] = "sine-2d"
    norm_first: bool = True  # normalise what a part reads; else the sum, as in 2017
    dropout: float = 0.1


@dataclass(frozen=True)
class Training:
    """The numbers of a run."""

    epochs: int = 80  # passes over the pictures
    batch_size: int = 64  # pictures of a step
    lr: float = 1.5e-3  # learning rate, at its greatest
    min_lr: float = 1e-5  # at the end of the cosine
    warmup_share: float = 0.1  # of the steps
    weight_decay: float = 0.05
    max_norm: float = 1.0  # of the gradient
    shift: int = 3  # pixels, at most, by which a picture is moved in training
    flip: bool = True  # mirror half of the pictures, left to right
    seed: int = 1337  # of the split, the first weights, and the order


@dataclass(frozen=True)
class Settings:
    """A run; the defaults tell cats from dogs in about four minutes on two cores."""

    # cats-dogs or animals (silhouettes that set-up fetches), a folder or zip of photographs with a
    # folder for each class, a folder of IDX files (MNIST, Fashion-MNIST), or a name on Hugging
    # Face's hub, such as microsoft/cats_vs_dogs or zh-plus/tiny-imagenet
    data: Path = Path("cats-dogs")
    side: int = 32  # pixels, to which photographs are scaled
    model: Shape = field(default_factory=Shape)
    training: Training = field(default_factory=Training)
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    threads: int | None = None  # processors to compute with; None: those that nobody else holds
    save_minutes: float = 10.0  # how often the state is saved, beside the end of each epoch

    def check(self) -> None:
        """Raise a ValueError that names what is out of range."""
        t = self.training
        for name, value, least, most in (
            ("side", self.side, 4, 512),
            ("save_minutes", self.save_minutes, 0, float("inf")),
            ("model.dropout", self.model.dropout, 0, 0.9),
            ("training.shift", t.shift, 0, self.side),
            ("training.warmup_share", t.warmup_share, 0, 1),
            ("training.min_lr", t.min_lr, 0, t.lr),
            *(
                (f"model.{name}", getattr(self.model, name), 1, float("inf"))
                for name in ("patch_size", "d_model", "num_heads", "num_layers", "d_ff")
            ),
        ):
            if not least <= value <= most:
                raise ValueError(f"{name}={value}: must be from {least} to {most}")
        if not t.max_norm > 0:
            raise ValueError(f"training.max_norm={t.max_norm}: must be positive")
