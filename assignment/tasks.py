"""The tasks, read from `tasks.toml`: what a learner writes, in the order in which it is learnt."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOM = Path(__file__).parent
PROJECT = ROOM.parent
# What a submission consists of, in the order of their imports: each may import those before it.
FILES = ("rope.py", "sampling.py", "llama.py", "optimizer.py", "classifier.py")


@dataclass(frozen=True)
class Task:
    """One task; the fields are explained in `tasks.toml`."""

    name: str
    title: str
    points: float
    minutes: int
    hints: tuple[str, ...]
    symbol: str | None = None  # None: it joins other tasks and has no function of its own
    about: str = ""
    requires: tuple[str, ...] = ()
    drops: tuple[str, ...] = ()
    flagged: tuple[str, ...] = ()

    @property
    def file(self) -> str | None:
        """The file that its function is in."""
        return None if self.symbol is None else self.symbol.partition(".")[0] + ".py"

    @property
    def qualified_name(self) -> str:
        """The function's name within its file, with its class."""
        assert self.symbol is not None
        return self.symbol.partition(".")[2]


@functools.cache
def load_tasks() -> dict[str, Task]:
    """The tasks by name, in the order of `tasks.toml`."""
    with (ROOM / "tasks.toml").open("rb") as file:
        tables = tomllib.load(file)
    tasks = {}
    for name, table in tables.items():
        fields: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in table.items()
        }
        tasks[name] = Task(name, **fields)
    return tasks


def written_tasks() -> list[Task]:
    """The tasks that ask for a function."""
    return [task for task in load_tasks().values() if task.symbol is not None]


def require_task(name: str) -> Task:
    """A task by name; raises a ValueError that lists the names."""
    if name not in load_tasks():
        raise ValueError(f"no task {name!r}: choose from {', '.join(load_tasks())}")
    return load_tasks()[name]
