"""The courses, read from `courses/NAME.toml`: what a learner writes, in the order of learning.

A handout has one of them, which is then the course of its tree.
"""

from __future__ import annotations

import argparse
import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOM = Path(__file__).parent
PROJECT = ROOM.parent
COURSES = ROOM / "courses"
USUAL = "llama"  # the course of a tree that has several, where none is named


@dataclass(frozen=True)
class Task:
    """One task; the fields are explained in `courses/llama.toml`."""

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
    home: str = ""  # the course whose file describes it; others may refer to it

    @property
    def module(self) -> str:
        """The module that its function is in, for example `vision.encoder`."""
        assert self.symbol is not None
        return split_symbol(self.symbol)[0]

    @property
    def qualified_name(self) -> str:
        """The function's name within its module, with its class."""
        assert self.symbol is not None
        return split_symbol(self.symbol)[1]

    @property
    def file(self) -> str | None:
        """The file that its function is in, for example `vision/encoder.py`."""
        return None if self.symbol is None else self.module.replace(".", "/") + ".py"

    @property
    def runner(self) -> str:
        """The module of `runners/` that feeds it, called like its file or, without one, like it."""
        return self.name if self.symbol is None else self.module.rpartition(".")[2]


def split_symbol(symbol: str) -> tuple[str, str]:
    """`a.b.Class.method` or `a.b.function` as module and name.

    A module ends before the first name with a capital, which is a class, or before the last name.
    """
    names = symbol.split(".")
    classes = (i for i, name in enumerate(names) if name[:1].isupper())
    end = next(classes, len(names) - 1)
    return ".".join(names[:end]), ".".join(names[end:])


def module_of(file: str) -> str:
    """How a file of the tree is imported."""
    return file.removesuffix(".py").replace("/", ".")


@dataclass(frozen=True)
class Course:
    """What a course asks for. There are others than ours (`grading/original/`)."""

    name: str
    title: str
    files: tuple[str, ...]  # of a submission, in the order of their imports
    tasks: Mapping[str, Task]
    given: tuple[str, ...] = ()  # files and folders that a handout holds as they are

    @property
    def written(self) -> list[Task]:
        """The tasks that ask for a function."""
        return [task for task in self.tasks.values() if task.symbol is not None]

    @property
    def bases(self) -> frozenset[str]:
        """What its files are called, without their folders."""
        return frozenset(name.rpartition("/")[2] for name in self.files)

    def require_task(self, name: str) -> Task:
        """A task by name; raises a ValueError that lists the names."""
        if name not in self.tasks:
            raise ValueError(f"no task {name!r}: choose from {', '.join(self.tasks)}")
        return self.tasks[name]


def course_names() -> tuple[str, ...]:
    """The courses of this tree: the usual one, then the others by name."""
    names = (path.stem for path in COURSES.glob("*.toml"))
    return tuple(sorted(names, key=lambda name: (name != USUAL, name)))


def load_course(name: str | None = None) -> Course:
    """A course by name; the one of the tree, or the usual one of several, where none is given.

    Raises:
        ValueError: this tree has no such course, or its file is not in the format.
    """
    names = course_names()
    if name is not None and name not in names:
        raise ValueError(f"no course {name!r}: choose from {', '.join(names)}")
    return read_course(COURSES / f"{name or names[0]}.toml")


def add_course(parser: argparse.ArgumentParser) -> None:
    """`--course`, where a tree has several."""
    usual, *others = course_names()
    if others:
        parser.add_argument(
            "--course", choices=(usual, *others), default=usual, help="default: %(default)s"
        )
    else:
        parser.set_defaults(course=usual)


@functools.cache
def all_tasks() -> dict[str, Task]:
    """Every task of every course by name, as its own course has it.

    Raises:
        ValueError: two courses describe a task of one name.
    """
    found: dict[str, Task] = {}
    for course in map(load_course, course_names()):
        for task in course.tasks.values():
            if task.home != course.name:
                continue
            if task.name in found:
                raise ValueError(
                    f"{course.name}.toml: [{task.name}] is in {found[task.name].home}.toml too; "
                    "choose another name, or refer to it by `from`"
                )
            found[task.name] = task
    return found


@functools.cache
def read_course(path: Path) -> Course:
    """A file in the format of `courses/llama.toml`, with what it refers to in others beside it.

    Raises:
        ValueError: it is not in the format.
    """
    tables = read_tables(path)
    if "course" not in tables:
        raise ValueError(f"{path.name}: has no [course], the table that it begins with")
    head = tables.pop("course")
    try:
        tasks = {name: read_task(name, table, path) for name, table in tables.items()}
        return Course(path.stem, tasks=tasks, **head)
    except TypeError as error:  # a field that is missing, or one too many
        raise ValueError(f"{path.name}: {error}; see the head of llama.toml") from error


def read_task(name: str, table: Mapping[str, Any], path: Path) -> Task:
    """One table of a course's file; what it refers to is taken from there but for what it says."""
    if "from" not in table:
        return Task(name, **table, home=path.stem)
    other = path.with_name(f"{table['from']}.toml")
    if not other.exists() or name not in (tables := read_tables(other)):
        raise ValueError(f"{path.name}: [{name}] is from {table['from']}, which has no such task")
    changes = {key: value for key, value in table.items() if key != "from"}
    if unknown := changes.keys() - {"points", "minutes"}:
        raise ValueError(f"{path.name}: [{name}] is from {other.name}, which says {min(unknown)}")
    return replace(read_task(name, tables[name], other), **changes)


def read_tables(path: Path) -> dict[str, dict[str, Any]]:
    """The tables of a file, their lists as tuples."""
    with path.open("rb") as file:
        tables = tomllib.load(file)
    return {
        name: {key: tuple(v) if isinstance(v, list) else v for key, v in table.items()}
        for name, table in tables.items()
    }
