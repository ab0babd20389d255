"""The tasks, read from `tasks.toml`: what a learner writes, in the order in which it is learnt."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
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


@dataclass(frozen=True)
class Edition:
    """What a course asks for. There are others than ours (`grading/original/`)."""

    files: tuple[str, ...]  # as FILES
    tasks: Mapping[str, Task]

    @property
    def written(self) -> list[Task]:
        """The tasks that ask for a function."""
        return [task for task in self.tasks.values() if task.symbol is not None]


@functools.cache
def our_edition() -> Edition:
    """The one that this tree is."""
    return Edition(FILES, load_tasks())


@functools.cache
def load_tasks() -> dict[str, Task]:
    """The tasks by name, in the order of `tasks.toml`."""
    return read_tasks(ROOM / "tasks.toml")


def read_tasks(path: Path) -> dict[str, Task]:
    """The tasks of a file in the format of `tasks.toml`."""
    with path.open("rb") as file:
        tables = tomllib.load(file)
    tasks = {}
    for name, table in tables.items():
        fields: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in table.items()
        }
        tasks[name] = Task(name, **fields)
    return tasks


def written_tasks() -> list[Task]:
    """Those of ours that ask for a function."""
    return our_edition().written


def require_task(name: str) -> Task:
    """A task by name; raises a ValueError that lists the names."""
    if name not in load_tasks():
        raise ValueError(f"no task {name!r}: choose from {', '.join(load_tasks())}")
    return load_tasks()[name]
