"""Classic wrong versions of each task, kept as data: `mutants/<task>/<name>.py`.

A mutant file is one replacement for the task's function; its first line, a comment, says what is
wrong with it. It runs in the namespace of the module that it is put into.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from assignment.tasks import ROOM, require_task


@dataclass(frozen=True)
class Mutant:
    """One classic mistake."""

    task: str
    name: str
    mistake: str  # what is wrong, in words that fit after "looks like an implementation that"
    source: str

    def __str__(self) -> str:
        return f"{self.task}/{self.name}"


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
    symbol = require_task(mutant.task).symbol
    assert symbol is not None
    module_name, *path = symbol.split(".")
    module = importlib.import_module(module_name)
    own: dict[str, Any] = {}
    exec(compile(mutant.source, f"<mutant {mutant}>", "exec"), vars(module), own)
    wrong = own[path[-1]]
    if len(path) > 1:  # a method of a class
        places = [(getattr(module, path[0]), path[-1])]
        right = getattr(*places[0])
    else:  # a function, which other modules have imported by name
        right = getattr(module, path[0])
        places = [
            (place, name)
            for place in list(sys.modules.values())
            for name, value in list(getattr(place, "__dict__", {}).items())
            if value is right
        ]
    try:
        for place, name in places:
            setattr(place, name, wrong)
        yield
    finally:
        for place, name in places:
            setattr(place, name, right)
