"""Classic wrong versions of each task, kept as data: `mutants/<task>/<name>.py`.

A mutant file is one replacement for the task's function; its first line, a comment, says what is
wrong with it. It runs in the namespace of the module that it is put into.
"""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOM = Path(__file__).parent


@dataclass(frozen=True)
class Mutant:
    """One classic mistake."""

    task: str
    name: str
    mistake: str  # what is wrong, in words that fit after "looks like an implementation that"
    source: str

    def __str__(self) -> str:
        return f"{self.task}/{self.name}"


def tasks() -> dict[str, dict[str, Any]]:
    """The tasks of `tasks.toml`, in the order in which they are learnt."""
    with (ROOM / "tasks.toml").open("rb") as file:
        return tomllib.load(file)


def mutants(task: str) -> list[Mutant]:
    """The wrong versions of a task, by name."""
    found = []
    for path in sorted((ROOM / "mutants" / task).glob("*.py")):
        source = path.read_text(encoding="utf-8")
        mistake = source.partition("\n")[0].removeprefix("# ").strip()
        found.append(Mutant(task, path.stem, mistake, source))
    return found


@contextmanager
def applied(mutant: Mutant) -> Iterator[None]:
    """Put a mutant in the place of the function that its task is about."""
    module_name, *path = tasks()[mutant.task]["symbol"].split(".")
    module = importlib.import_module(module_name)
    owner: Any = module
    for name in path[:-1]:
        owner = getattr(owner, name)
    own: dict[str, Any] = {}
    exec(compile(mutant.source, f"<mutant {mutant}>", "exec"), vars(module), own)
    original = getattr(owner, path[-1])
    setattr(owner, path[-1], own[path[-1]])
    try:
        yield
    finally:
        setattr(owner, path[-1], original)
