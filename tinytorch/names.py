"""A small Llama that learns to make up names, a character at a time, on either engine.

The same code trains on TinyTorch and on torch: it is handed the modules that it uses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from tinytorch.stand_in import instead_of_torch

END = "."  # before and behind a name
IGNORED = -100  # a target that counts for nothing: padding
HELD_OUT = 10  # one name in so many is never trained on


@dataclass(frozen=True)
class Engine:
    """What computes: torch or TinyTorch, and the taught files on it."""

    torch: ModuleType
    llama: ModuleType
    optimizer: ModuleType

    @property
    def name(self) -> str:
        return self.torch.__name__


def tiny_engine() -> Engine:
    """The taught files on TinyTorch."""
    with instead_of_torch():
        import torch

        import llama
        import optimizer
    return Engine(torch, llama, optimizer)


def torch_engine() -> Engine:
    """The taught files on torch."""
    import torch

    import llama
    import optimizer

    return Engine(torch, llama, optimizer)


class Names:
    """Names as rows of ids, padded to the longest."""

    def __init__(self, path: Path) -> None:
        """Read a file of one name a line, in lower case.

        Raises:
            ValueError: it is missing, no UTF-8, or holds no names.
        """
        try:
            lines = path.read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{path}: {error}; give a file of one name a line") from error
        names = list(dict.fromkeys(name for line in lines if (name := line.strip().lower())))
        if len(names) < 2 * HELD_OUT:
            raise ValueError(f"{path}: {len(names)} names: must be at least {2 * HELD_OUT}, one a "
                             "line")  # fmt: skip
        if spelled := next((name for name in names if END in name), None):
            raise ValueError(f"{path}: {spelled!r} holds a {END!r}, which ends names here")
        self.characters = [END, *sorted(set("".join(names)))]
        self.longest = max(map(len, names))
        ids = {character: i for i, character in enumerate(self.characters)}
        rows = np.zeros((len(names), self.longest + 2), np.int64)
        for row, name in zip(rows, names, strict=True):
            row[1 : 1 + len(name)] = [ids[character] for character in name]
        self.known = set(names)
        held_out = np.arange(len(rows)) % HELD_OUT == 0
        self.train, self.valid = rows[~held_out], rows[held_out]

    def decode(self, ids: Sequence[int]) -> str:
        """The characters up to the first end."""
        return "".join(self.characters[i] for i in ids).split(END)[0]


def inputs_and_targets(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(B, T) characters, and the next ones; what follows the end of a name is padding."""
    inputs, targets = rows[:, :-1], rows[:, 1:].copy()
    targets[(inputs == 0) & (np.arange(inputs.shape[1]) > 0)] = IGNORED
    longest = int((targets != IGNORED).sum(axis=1).max())
    return inputs[:, :longest].copy(), targets[:, :longest].copy()


@dataclass(frozen=True)
class Recipe:
    """The numbers of a run."""

    steps: int = 500
    batch_size: int = 32
    lr: float = 3e-3
    seed: int = 1337
    dim: int = 64
    n_layers: int = 2

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "n_layers"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)}: must be at least 1")
        if self.dim < 8 or self.dim % 8:
            raise ValueError(f"dim={self.dim}: must be a multiple of 8, for 4 heads")
        if not 0 < self.lr < float("inf"):
            raise ValueError(f"lr={self.lr}: must be a positive number")
        if not 0 <= self.seed < 2**63:
            raise ValueError(f"seed={self.seed}: must be from 0 to {2**63 - 1}")


class Run:
    """A model that is being trained on one engine."""

    def __init__(self, engine: Engine, names: Names, recipe: Recipe) -> None:
        self.engine, self.names, self.recipe = engine, names, recipe
        engine.torch.manual_seed(recipe.seed)
        self.model = engine.llama.Llama(
            engine.llama.LlamaConfig(
                vocab_size=len(names.characters),
                dim=recipe.dim,
                n_layers=recipe.n_layers,
                n_heads=4,
                n_kv_heads=2,
                max_seq_len=names.longest + 1,
            )
        )
        self.optimizer = engine.optimizer.AdamW(self.model.parameters(), lr=recipe.lr)

    def begin_as(self, other: Run) -> None:
        """Take up another run's weights, whatever engine it is on."""
        state = other.model.state_dict()
        self.model.load_state_dict(
            {name: self.engine.torch.tensor(w.numpy()) for name, w in state.items()}
        )

    def loss(self, rows: np.ndarray) -> Any:
        """The mean negative log-probability of a character, in nats."""
        inputs, targets = (self.engine.torch.tensor(a) for a in inputs_and_targets(rows))
        logits, _ = self.model(inputs, targets)  # (B, T, V)
        cross_entropy = self.engine.torch.nn.functional.cross_entropy
        return cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED)

    def step(self, rows: np.ndarray) -> float:
        """One step of the optimizer; returns the loss before it."""
        self.optimizer.zero_grad()
        loss = self.loss(rows)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def validation_loss(self) -> float:
        with self.engine.torch.no_grad():
            return self.loss(self.names.valid).item()

    def write(self, count: int) -> list[str]:
        """New names."""
        torch = self.engine.torch
        self.model.eval()
        start = torch.zeros((count, 1), dtype=torch.int64)
        generator = torch.Generator().manual_seed(self.recipe.seed)
        texts = self.model.generate(
            start, self.names.longest, temperature=0.8, stop_tokens=[0], generator=generator
        )
        self.model.train()
        return [self.names.decode(row[1:]) for row in texts.tolist()]


def batches(names: Names, recipe: Recipe) -> Iterator[np.ndarray]:
    """The rows of each step: the same for both engines."""
    source = np.random.default_rng(recipe.seed)
    for _ in range(recipe.steps):
        yield names.train[source.integers(0, len(names.train), recipe.batch_size)]
