"""`python -m assignment handout OUT`: the learner's tree, derived from the solution's."""

from __future__ import annotations

import ast
import os
import re
import shutil
from pathlib import Path

from assignment.stubs import make_stub, signature
from assignment.tasks import FILES, PROJECT, load_tasks, written_tasks
from support.errors import ArgumentParser

# What a learner gets as it is. Whole rooms first; of assignment/ only what a learner runs.
ROOMS = (
    "checkpoints",
    "sentiment",
    "setup",
    "support",
    "training",
    "assignment/runners",
    "assignment/report",
)
AS_IT_IS = (
    *("config.py", "cache.py", "base_llama.py", "generation.py", "tokenizer.py", "loading.py"),
    *("flags.py", "run_llama.py", "rope_test.py", "optimizer_test.py", "sanity_check.py"),
    *("setup.sh", "constraints.txt", "LICENSE", ".gitignore"),
    *("data/__init__.py", "data/external.toml"),
    *("data/sst-label-mapping.json", "data/cfimdb-label-mapping.json", "data/sanity_check.npz"),
    *("assignment/__init__.py", "assignment/__main__.py", "assignment/cases.py"),
    *("assignment/checks.py", "assignment/confine.py", "assignment/intake.py"),
    *("assignment/judge.py", "assignment/learner.py", "assignment/results.py"),
    *("assignment/sandbox.py", "assignment/tasks.py", "assignment/tasks.toml"),
    *("assignment/wire.py", "assignment/worker.py", "assignment/report/report.css"),
)
WRITTEN_FOR_LEARNERS = {
    "assignment/learners/README.md": "README.md",
    "assignment/learners/structure.md": "structure.md",
    "assignment/learners/guide.md": "guide.md",
}


def build(out: Path) -> list[str]:
    """Write the handout into a folder that is new or empty; returns the files, in order.

    Raises:
        ValueError: there is something in the folder, or the solution is not as tasks.toml says.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"{out}: is not empty; give a folder that is new")
    contents = tree_files()
    partial = out.with_name(f".{out.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    for name, data in contents.items():
        path = partial / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(0o755 if name == "setup.sh" else 0o644)
    if out.exists():
        out.rmdir()
    os.replace(partial, out)
    return list(contents)


def tree_files() -> dict[str, bytes]:
    """Every file of the handout, by name, the same each time."""
    names = set(AS_IT_IS)
    for room in ROOMS:
        names |= {str(path.relative_to(PROJECT)) for path in (PROJECT / room).glob("*.py")}
    contents = {name: (PROJECT / name).read_bytes() for name in names}
    for source, name in WRITTEN_FOR_LEARNERS.items():
        text = (PROJECT / source).read_text(encoding="utf-8")
        contents[name] = text.replace("<!-- tasks -->", task_table()).encode()
    contents["pyproject.toml"] = learners_pyproject().encode()
    contents |= {name: stub(name).encode() for name in FILES}
    return dict(sorted(contents.items()))


def stub(name: str) -> str:
    """One of the learner's files, emptied; checked to keep every signature and to parse."""
    source = (PROJECT / name).read_text(encoding="utf-8")
    tasks = [task for task in written_tasks() if task.file == name]
    emptied = make_stub(source, tasks)
    ast.parse(emptied)
    for task in tasks:
        before, after = (signature(text, task.qualified_name) for text in (source, emptied))
        assert before == after, f"{task.symbol}: {before} became {after}"
    return emptied


def task_table() -> str:
    """The tasks as a table for the learner's README."""
    rows = [
        f"| `{task.name}` | {task.title} | {f'`{task.symbol}`' if task.symbol else '(all parts)'} "
        f"| {task.points:g} | {task.minutes} |"
        for task in load_tasks().values()
    ]
    return "\n".join(
        ["| task | what | function | points | minutes |", "|---|---|---|---|---|", *rows]
    )


def learners_pyproject() -> str:
    """The project's settings without what only its makers need."""
    text = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    for pattern in (
        r"# [^\n]*\nbench = .*\n",
        r"dev = .*\n",
        r'"tests", ',
        r'"(?:assignment|tests)/[^\n]*\n(?:\n(?="tests))?',
        r"\n\[tool\.mypy\][\s\S]*$",
        r"\n\[tool\.ruff\.lint\.per-file-ignores\]\n*(?=\n|\Z)",
    ):
        text = re.sub(pattern, "", text)
    return text.rstrip() + "\n"


def main(arguments: list[str]) -> int:
    parser = ArgumentParser(
        prog="python -m assignment handout", description="Write the learner's tree into a folder."
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="a folder that is new or empty")
    out = parser.parse_args(arguments).out
    files = build(out)
    points = sum(task.points for task in load_tasks().values())
    print(f"wrote {len(files)} files to {out}: {len(load_tasks())} tasks, {points:g} points")
    print(f"next: cd {out} && bash setup.sh && .venv/bin/python -m assignment check")
    return 0
