"""The two files of a training run: the last state, to go on from, and the best weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from checkpoints import pt


class Store:
    """Saves and loads the state of one run under names that carry its dataset."""

    def __init__(self, folder: Path, family: str, name: str, setting: Mapping[str, Any]) -> None:
        """Name the files `family-name`; the family's runs may be mistaken for one another.

        `setting` holds what has to be the same for a run to go on, beside its recipe.
        """
        self.family = family
        name = f"{family}-{name}"
        self.last = folder / f"{name}-last.pt"
        self.best = folder / f"{name}.pt"
        self.setting = dict(setting)

    def save_last(self, recipe: Any, state: dict[str, Any]) -> None:
        """Replace the last state."""
        self._write(self.last, {"setting": self._setting(recipe), **state})

    def save_best(self, recipe: Any, weights: Mapping[str, Tensor], epoch: int) -> None:
        """Replace the best weights."""
        contents = {"setting": self._setting(recipe), "epoch": epoch, "model": dict(weights)}
        self._write(self.best, contents)

    def clear(self) -> None:
        """Remove both files."""
        self.last.unlink(missing_ok=True)
        self.best.unlink(missing_ok=True)

    def load_last(self, recipe: Any) -> dict[str, Any] | None:
        """The last state, or None where there is none.

        Raises:
            ValueError: the file is damaged, or of a run with another setting; the differences
                are named.
        """
        # The name carries dataset and recipe: a run with another one lies under another name.
        others = sorted(self.last.parent.glob(f"{self.family}-*-last.pt"))
        path = self.last if self.last.exists() else next(iter(others), None)
        if path is None:
            return None
        state = self._read(path)
        now, then = self._setting(recipe), state["setting"]
        if now != then:
            differences = [
                f"{name} {then.get(name)!r} then and {now.get(name)!r} now"
                for name in sorted(now.keys() | then.keys())
                if now.get(name) != then.get(name)
            ]
            raise ValueError(
                f"--resume: {path} is of another run: {'; '.join(differences)}; "
                "give the same arguments, or leave --resume out to start anew"
            )
        return state

    def load_best(self, recipe: Any, epoch: int) -> dict[str, Tensor]:
        """The best weights, from the file.

        Raises:
            ValueError: the file is missing, damaged, or not of this run and epoch.
        """
        contents = self._read(self.best, mmap=True)
        if contents["setting"] != self._setting(recipe) or contents["epoch"] != epoch:
            raise ValueError(f"{self.best}: not the best epoch of this run; start the run anew")
        return contents["model"]

    def _setting(self, recipe: Any) -> dict[str, Any]:
        return {**self.setting, **asdict(recipe)}

    @staticmethod
    def _read(path: Path, mmap: bool = False) -> dict[str, Any]:
        try:
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
        except FileNotFoundError as error:
            raise ValueError(f"{path}: no such checkpoint") from error
        except Exception as error:  # torch raises a dozen types on damaged files
            raise ValueError(f"{path}: truncated or corrupt; start the run anew") from error

    @staticmethod
    def _write(path: Path, contents: dict[str, Any]) -> None:
        pt.save(
            path,
            contents,
            "what was saved before is untouched; make room and go on with --resume",
        )
