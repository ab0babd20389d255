"""Submissions to test with: the solution as a zip, a tar or a folder, and what intake takes."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from assignment.grading.handout import under_submissions
from assignment.sandbox import intake
from assignment.sandbox.intake import Intake
from assignment.tasks import PROJECT, load_course

COURSE = load_course()
FILES = COURSE.files
GIVEN = under_submissions(COURSE)
HONEST = {name: (PROJECT / name).read_bytes() for name in FILES}
Form = Callable[..., Path]  # of a submission: takes a path and the files that it has


def take_in(path: Path) -> Intake:
    return intake.take_in(path, GIVEN)


def zipped(path: Path, files: Mapping[str, bytes | str] = HONEST) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def tarred(path: Path, files: Mapping[str, bytes] = HONEST) -> Path:
    """Compressed, unless the name ends in .tar."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w" if path.suffix == ".tar" else "w:gz") as archive:
        for name, data in files.items():
            add(archive, tarfile.TarInfo(name), data)
    return path


def add(archive: tarfile.TarFile, info: tarfile.TarInfo, data: bytes = b"") -> None:
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


def unpacked(folder: Path, files: Mapping[str, bytes] = HONEST) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder
