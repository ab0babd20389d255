"""The handout as it was handed out: it carries an archive of itself, as the grader has it."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping

from assignment.sandbox.intake import shadowed
from assignment.tasks import PROJECT, Course

ARCHIVE = "assignment/handout.zip"


def read_given() -> dict[str, bytes]:
    """The files that lie under every submission, by name; none in a tree that is no handout.

    Raises:
        ValueError: the archive is damaged.
    """
    path = PROJECT / ARCHIVE
    if not path.exists():
        return {}
    try:
        with zipfile.ZipFile(path) as file:
            return {name: file.read(name) for name in file.namelist()}
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise ValueError(f"{path}: damaged ({error}); take it from the handout again") from error


def own_modules(given: Mapping[str, bytes], course: Course) -> list[str]:
    """The helpers at the top of this tree that are handed in beside the course's files."""
    names = sorted(path.name for path in PROJECT.glob("*.py"))
    return [name for name in names if name not in course.files and shadowed(name, given) is None]


def stays_behind(given: Mapping[str, bytes], course: Course) -> list[str]:
    """What of a handout's tree the grader will not see: a line each."""
    if not given:
        return []
    lines = []
    for name, data in given.items():
        path = PROJECT / name
        if name in course.files:
            continue
        if not path.exists():
            lines.append(f"{name}: is missing here; the grader has its own")
        elif path.read_bytes().replace(b"\r\n", b"\n") != data.replace(b"\r\n", b"\n"):
            lines.append(f"{name}: was edited here; the grader uses its own")
    rooms = {name.partition("/")[0] for name in given if "/" in name}
    for path in sorted(PROJECT.iterdir()):
        if path.name.startswith((".", "__")) or path.name in {*rooms, *given}:
            continue
        if path.is_dir() and not (path / "pyvenv.cfg").exists() and any(path.rglob("*.py")):
            lines.append(f"{path.name}/: a folder; move its modules up, out of it")
        elif path.suffix == ".py" and (why := shadowed(path.name, given)) is not None:
            lines.append(f"{path.name}: would hide {why}; give it another name")
    for room in sorted(rooms):
        for path in sorted((PROJECT / room).rglob("*.py")):
            name = path.relative_to(PROJECT).as_posix()
            if name not in given and name not in course.files:
                lines.append(f"{name}: is not handed in; move it up, to where config.py is")
    return lines
