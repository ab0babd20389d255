"""`python -m assignment handout OUT`: the learner's tree, derived from the solution's."""

from __future__ import annotations

import ast
import io
import os
import re
import secrets
import shutil
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path

from assignment import given
from assignment.cases import load_cases
from assignment.grading.stubs import make_stub, signature
from assignment.tasks import FILES, PROJECT, load_tasks, written_tasks
from support.errors import ArgumentParser

# What a learner gets as it is: these rooms but for what is a teacher's, and the files beside them.
ROOMS = ("assignment", "chat", "checkpoints", "sentiment", "setup", "support", "training")
TEACHERS = (PROJECT / "assignment" / "grading", PROJECT / "assignment" / "specimens")
AS_IT_IS = (
    *("config.py", "cache.py", "base_llama.py", "generation.py", "tokenizer.py", "engine.py"),
    *(
        "loading.py",
        "perplexity.py",
        "flags.py",
        "run_llama.py",
        "rope_test.py",
        "optimizer_test.py",
        "sanity_check.py",
    ),
    *("setup.sh", "constraints.txt", "LICENSE", ".gitignore"),
    *("data/__init__.py", "data/external.toml"),
    *("data/sst-label-mapping.json", "data/cfimdb-label-mapping.json", "data/sanity_check.npz"),
)
# Of these a worker reads nothing, and a learner's check reads them where they are.
NOT_RUN = ("data/sanity_check.npz", "README.md", "guide.md", "structure.md")
LEARNERS = Path(__file__).parent / "learners"  # what is written for them


def build(out: Path) -> list[str]:
    """Write the handout into a folder that is new or empty; returns the files, in order.

    Raises:
        ValueError: there is something in the folder, the solution is not as tasks.toml says, or a
            task has no recorded cases.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"{out}: is not empty; give a folder that is new")
    for task in load_tasks():
        load_cases(task)
    contents = tree_files()
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


def tree_files() -> dict[str, bytes]:
    """Every file of the handout, by name, the same each time."""
    contents = derived_files()
    contents[given.ARCHIVE] = zipped(under_submissions())
    return dict(sorted(contents.items()))


def under_submissions() -> dict[str, bytes]:
    """What lies under every submission, here and where a learner tries one: what a worker reads."""
    return {name: data for name, data in derived_files().items() if name not in NOT_RUN}


def derived_files() -> dict[str, bytes]:
    """The handout without the archive that it carries of itself."""
    contents = {name: (PROJECT / name).read_bytes() for name in given_files()}
    for path in LEARNERS.glob("*.md"):
        text = path.read_text(encoding="utf-8")
        contents[path.name] = text.replace("<!-- tasks -->", task_table()).encode()
    contents["pyproject.toml"] = learners_pyproject().encode()
    return contents | {name: stub(name).encode() for name in FILES}


def given_files() -> set[str]:
    """The names of what a learner gets as it is."""
    names = set(AS_IT_IS)
    for room in ROOMS:
        found = [path for kind in ("*.py", "*.toml") for path in (PROJECT / room).rglob(kind)]
        names |= {
            path.relative_to(PROJECT).as_posix()
            for path in found
            if not set(TEACHERS) & set(path.parents)
        }
    return names


def zipped(files: Mapping[str, bytes], executable: Collection[str] = ()) -> bytes:
    """A zip of these files, the same to the byte each time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, data in sorted(files.items()):
            member = zipfile.ZipInfo(name, date_time=(2026, 1, 1, 0, 0, 0))
            member.external_attr = (0o100755 if name in executable else 0o100644) << 16
            file.writestr(member, data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


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
        r"# [^\n]*\n(?:bench|notebooks) = .*\n",
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
