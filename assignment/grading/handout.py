"""`python -m assignment handout OUT`: the learner's tree, derived from the solution's."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import secrets
import shutil
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from assignment import given
from assignment.arrays import Array
from assignment.cases import load_cases, recorded, recorded_words
from assignment.grading.stubs import make_stub, signature
from assignment.tasks import COURSES, PROJECT, Course, Task, add_course, load_course
from support.errors import ArgumentParser

# What every handout has, beside what its course gives: files, and the Python and TOML of folders.
EVERY = (
    *("assignment", "support", "config.py"),
    *("setup/__init__.py", "setup/__main__.py", "setup/environment.py", "setup.sh"),
    *("constraints.txt", "LICENSE", ".gitignore"),
)
# Of assignment/ some is a teacher's, and some of this course or another: said by name below.
LEFT_OUT = tuple(PROJECT / "assignment" / n for n in ("grading", "specimens", "courses", "runners"))
RECORDED = "data/sanity_check.npz"
TABLE = "<!-- tasks -->"  # in a text for learners: here goes the table of the tasks
SECTION = re.compile("<!-- section (\\w+) -->")
LEARNERS = Path(__file__).parent / "learners"  # what is written for them, a folder for each course


def build(out: Path, course: Course) -> list[str]:
    """Write a course's handout into a folder that is new or empty; returns the files, in order.

    Raises:
        ValueError: there is something in the folder, the solution is not as the course says, or a
            task has no recorded cases.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"{out}: is not empty; give a folder that is new")
    for task in course.tasks:
        load_cases(task)
    contents = tree_files(course)
    partial = out.with_name(f".{out.name}.{secrets.token_hex(4)}.part")  # two may build at once
    try:
        for name, data in contents.items():
            path = partial / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            path.chmod(0o755 if name == "setup.sh" else 0o644)
        if out.exists():
            out.rmdir()
        os.replace(partial, out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return list(contents)


def tree_files(course: Course) -> dict[str, bytes]:
    """Every file of the handout, by name, the same each time."""
    below = under_submissions(course)
    read = {RECORDED: arrays_file(recorded_of(course.tasks)), **texts(course)}
    return dict(sorted({**below, **read, given.ARCHIVE: zipped(below)}.items()))


def under_submissions(course: Course) -> dict[str, bytes]:
    """What lies under every submission, here and where a learner tries one: what a worker reads."""
    contents = {name: (PROJECT / name).read_bytes() for name in given_files(course)}
    contents["pyproject.toml"] = learners_pyproject(course).encode()
    contents[f"assignment/courses/{course.name}.toml"] = alone(course).encode()
    contents |= {name: stub(name, course).encode() for name in course.files}
    return dict(sorted(contents.items()))


def texts(course: Course) -> dict[str, bytes]:
    """What a learner reads: `learners/NAME/*.md`, with the table of the tasks put in.

    So are, at `<!-- section TASK -->`, the words of another course's guide on a task of its own.
    """
    found = {}
    for path in (LEARNERS / course.name).glob("*.md"):
        text = path.read_text(encoding="utf-8").replace(TABLE, task_table(course))
        text = SECTION.sub(lambda match: section(course.tasks[match[1]]), text)
        found[path.name] = text.encode()
    return found


def section(task: Task) -> str:
    """What the guide of its own course says of a task, from its heading to the next one."""
    guide = (LEARNERS / task.home / "guide.md").read_text(encoding="utf-8")
    found = re.search(rf"^## .*`{re.escape(task.symbol or '')}`\n[\s\S]*?(?=\n## |\Z)", guide, re.M)
    assert found is not None, f"{task.home}/guide.md: has no section on {task.symbol}"
    return found[0].rstrip()


def given_files(course: Course) -> set[str]:
    """The names of what a learner gets as it is."""
    names = {f"assignment/runners/{name}.py" for name in runners(course)}
    for place in (*EVERY, *course.given):
        path = PROJECT / place
        found = [*path.rglob("*.py"), *path.rglob("*.toml")] if path.is_dir() else [path]
        names |= {
            path.relative_to(PROJECT).as_posix()
            for path in found
            if path == PROJECT / place or not set(LEFT_OUT) & set(path.parents)
        }
    return names - set(course.files)


def runners(course: Course) -> set[str]:
    """The modules of `assignment/runners/` that feed a course's tasks, and what these import."""
    found, waiting = {"__init__"}, {task.runner for task in course.tasks.values()}
    while waiting:
        name = waiting.pop()
        found.add(name)
        source = (PROJECT / "assignment" / "runners" / f"{name}.py").read_text(encoding="utf-8")
        waiting |= set(re.findall(r"^from assignment\.runners\.(\w+) ", source, re.M)) - found
    return found


def alone(course: Course) -> str:
    """The course's file with the tables in it that it takes from other courses."""
    text = (COURSES / f"{course.name}.toml").read_text(encoding="utf-8")
    for task in course.tasks.values():
        if task.home != course.name:
            other = (COURSES / f"{task.home}.toml").read_text(encoding="utf-8")
            table = table_of(other, task.name)
            for key, value in (("points", task.points), ("minutes", task.minutes)):
                table = re.sub(rf"^{key} = .*$", f"{key} = {value:g}", table, flags=re.M)
            text = text.replace(table_of(text, task.name), table)
    return text


def table_of(text: str, name: str) -> str:
    """A table of a course's file as it stands there, without what introduces the next one."""
    start = text.index(f"\n[{name}]\n") + 1
    end = re.compile(r"^\[\w+\]$", re.M).search(text, start + 1)
    lines = text[start : end.start() if end else None].splitlines()
    while not lines[-1] or lines[-1].startswith("#"):
        lines.pop()
    return "\n".join(lines) + "\n"


def zipped(files: Mapping[str, bytes], executable: Collection[str] = ()) -> bytes:
    """A zip of these files, the same to the byte each time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, data in files.items():
            member = zipfile.ZipInfo(name, date_time=(2026, 1, 1, 0, 0, 0))
            member.external_attr = (0o100755 if name in executable else 0o100644) << 16
            file.writestr(member, data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def arrays_file(arrays: Mapping[str, Array]) -> bytes:
    """Arrays as `np.savez` writes them, but for the time of day: the same to the byte each time."""
    files = {}
    for name, array in arrays.items():
        buffer = io.BytesIO()
        np.save(buffer, array, allow_pickle=False)
        files[f"{name}.npy"] = buffer.getvalue()
    return zipped(files)


def recorded_of(tasks: Collection[str]) -> dict[str, Array]:
    """Of the recorded arrays those of some tasks."""
    words = {
        "cases": {n: x for n, x in recorded_words()["cases"].items() if n.split("/")[0] in tasks},
        "mistakes": {n: x for n, x in recorded_words()["mistakes"].items() if n in tasks},
    }
    arrays = {name: x for name, x in recorded().items() if name.split("/")[0] in tasks}
    return {"about": np.array(json.dumps(words, ensure_ascii=False)), **arrays}


def stub(name: str, course: Course) -> str:
    """One of the learner's files, emptied; checked to keep every signature and to parse."""
    source = (PROJECT / name).read_text(encoding="utf-8")
    tasks = [task for task in course.written if task.file == name]
    emptied = make_stub(source, tasks)
    ast.parse(emptied)
    for task in tasks:
        before, after = (signature(text, task.qualified_name) for text in (source, emptied))
        assert before == after, f"{task.symbol}: {before} became {after}"
    return emptied


def task_table(course: Course) -> str:
    """The tasks as a table for the learner's README."""
    rows = [
        f"| `{task.name}` | {task.title} | {f'`{task.symbol}`' if task.symbol else '(all parts)'} "
        f"| {task.points:g} | {task.minutes} |"
        for task in course.tasks.values()
    ]
    return "\n".join(
        ["| task | what | function | points | minutes |", "|---|---|---|---|---|", *rows]
    )


def learners_pyproject(course: Course) -> str:
    """The project's settings without what only its makers need, and without tests of theirs."""
    text = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    for pattern in (
        r"# [^\n]*\n(?:bench|notebooks) = .*\n",
        r"dev = .*\n",
        r'"(?:assignment|tests)/[^\n]*\n(?:\n(?="tests))?',
        r"\n\[tool\.mypy\][\s\S]*$",
        r"\n\[tool\.ruff\.lint\.per-file-ignores\]\n*(?=\n|\Z)",
    ):
        text = re.sub(pattern, "", text)
    listed = re.search(r"testpaths = \[(.*)\]", text)
    assert listed is not None
    tests = [name for name in listed[1].split(", ") if json.loads(name) in course.given]
    text = text.replace(listed[0], f"testpaths = [{', '.join(tests)}]")
    return text.rstrip() + "\n"


def main(arguments: list[str]) -> int:
    parser = ArgumentParser(
        prog="python -m assignment handout", description="Write the learner's tree into a folder."
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="a folder that is new or empty")
    add_course(parser)
    options = parser.parse_args(arguments)
    out, course = options.out, load_course(options.course)
    files = build(out, course)
    points = sum(task.points for task in course.tasks.values())
    print(f"wrote {len(files)} files to {out}: {len(course.tasks)} tasks, {points:g} points")
    print(f"next: cd {out} && bash setup.sh && .venv/bin/python -m assignment check")
    return 0
