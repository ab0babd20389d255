"""What a pretraining run is made of: nested dataclasses, as `support/settings.py` fills them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from data import BIBLE


@dataclass(frozen=True)
class Text:
    """The texts, and the tokenizer that is learnt from them."""

    # a text, a .jsonl with "text" in each line, a folder of texts, or a name: snippets (the film
    # reviews of set-up), or of Hugging Face tinystories, openwebtext, wikitext-2, wikitext-103
    data: Path = BIBLE
    valid: Path | None = None  # held-out text; None: a dataset's own, or the end of data
    kind: Literal["bpe", "sentencepiece", "characters"] = "bpe"  # of the tokenizer that is learnt
    vocab_size: int = 4096  # tokens; characters take as many as there are
    # one that is there: a tokenizer.json or .model, or a folder with GPT-2's vocab.json, merges.txt
    tokenizer: Path | None = None
    valid_share: float = 0.05  # of the bytes, at the end, that are held out without a valid
    errors: Literal["strict", "replace"] = "strict"  # what to do with bytes that are no UTF-8


@dataclass(frozen=True)
class Shape:
    """The size of the Llama."""

    dim: int = 256  # width
    n_layers: int = 4
    n_heads: int = 4
    n_kv_heads: int = 4
    hidden_dim: int | None = None  # of the feed-forward; None: 8/3 dim, rounded up
    context: int = 256  # tokens
    dropout: float = 0.0
    tie_embeddings: bool = True  # one matrix for reading tokens and for predicting them


@dataclass(frozen=True)
class Training:
    """The numbers of the run."""

    steps: int = 1000  # of the optimizer
    batch_size: int = 16  # windows of a step
    optimizer: Literal["adamw", "muon"] = "adamw"  # muon: of the layers' matrices
    lr: float = 2e-3  # learning rate, at its greatest
    min_lr: float = 2e-4  # at the end of the cosine
    warmup_steps: int = 50
    weight_decay: float = 0.1
    betas: tuple[float, float] = (0.9, 0.95)  # of AdamW
    max_norm: float = 1.0  # of the gradient
    eval_every: int = 100  # steps between two evaluations, each of which saves
    eval_tokens: int = 65536  # of the held-out text, from its beginning
    max_tokens: int = 1024  # that go through the model at once: bounds the memory
    seed: int = 1337
    autocast: Literal["auto", "on", "off"] = "auto"  # products in bfloat16; auto: where it is fast
    compile: bool = False  # half a minute of torch.compile; it helps on some machines
    # of several processes (torchrun): ddp, or fsdp, with which each holds a part of the weights,
    # gradients and moments (but the model is made and saved whole)
    sharding: Literal["ddp", "fsdp"] = "ddp"


@dataclass(frozen=True)
class Settings:
    """A run; the defaults give English in a quarter of an hour on two cores."""

    text: Text = field(default_factory=Text)
    model: Shape = field(default_factory=Shape)
    training: Training = field(default_factory=Training)
    prompt: str = "In a world where"  # of the samples
    sample_tokens: int = 60  # that are written after each evaluation
    weights: Path | None = None  # a file for the best weights alone, as torch.save writes them
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    threads: int | None = None  # processors to compute with; None: those that nobody else holds
    save_minutes: float = 10.0  # how often the state is saved, beside each evaluation

    def check(self) -> None:
        """Raise a ValueError that names what is out of range."""
        t = self.training
        for name in ("steps", "batch_size", "eval_every", "eval_tokens", "max_tokens"):
            if getattr(t, name) < 1:
                raise ValueError(f"training.{name}={getattr(t, name)}: must be at least 1")
        if t.steps % t.eval_every:
            raise ValueError(
                f"training.steps={t.steps}: must be a multiple of eval_every={t.eval_every}"
            )
        for name, value, least in (
            ("sample_tokens", self.sample_tokens, 1),
            ("save_minutes", self.save_minutes, 0),
            ("training.weight_decay", t.weight_decay, 0),
        ):
            if not value >= least:
                raise ValueError(f"{name}={value}: must be at least {least}")
        if not t.max_norm > 0:
            raise ValueError(f"training.max_norm={t.max_norm}: must be positive")
        if not 0 <= t.warmup_steps <= t.steps:
            raise ValueError(f"training.warmup_steps={t.warmup_steps}: must be from 0 to steps")
        if not 0 <= t.min_lr <= t.lr:
            raise ValueError(f"training.min_lr={t.min_lr}: must be from 0 to lr={t.lr:g}")
        if self.model.context < 2:
            raise ValueError(f"model.context={self.model.context}: must be at least 2")
        if (t.optimizer, t.sharding) == ("muon", "fsdp"):
            raise ValueError("training.optimizer=muon: needs whole matrices; take sharding=ddp")
        if t.compile and t.sharding == "fsdp":
            raise ValueError("training.compile: not with sharding=fsdp; take ddp")
