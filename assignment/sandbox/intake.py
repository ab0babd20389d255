"""Submissions as they arrive: a zip, a folder, or the bulk download of a class.

A zip is parsed and never unpacked: members are read one by one, within limits, under names that
were checked. Nothing is written here; the grader writes what was taken in.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import sys
import unicodedata
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from assignment.tasks import FILES, PROJECT

MAX_FILES = 500
MAX_FILE = 1_000_000  # bytes of one source file
MAX_ARCHIVE = 100_000_000  # bytes of a zip
MAX_READ = 20_000_000  # bytes actually read from one
MAX_DIRECTORY = 1_000_000  # bytes of a zip's list of members, which is read at once
# Control characters, and those that turn the direction of writing
UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class RefusedError(ValueError):
    """A submission of which nothing is taken."""


@dataclass
class Intake:
    """What was taken of a submission, and what was not."""

    student: str
    source: str
    files: dict[str, bytes] = field(default_factory=dict)  # name -> contents
    notes: list[str] = field(default_factory=list)  # a line for each file left out
    missing: list[str] = field(default_factory=list)
    refused: str = ""

    @property
    def sha256(self) -> str:
        """Of names and contents, in order: the same files have the same digest in any zip."""
        digest = hashlib.sha256()
        for name, data in sorted(self.files.items()):
            digest.update(f"{name}\0{len(data)}\0".encode() + data)
        return digest.hexdigest()


def take_in(
    path: Path, given: Collection[str], student: str | None = None, files: Sequence[str] = FILES
) -> Intake:
    """Read a zip or a folder; what is wrong with it is in the result.

    Args:
        given: the names of the handout's files, which no helper may hide.
        files: those of the tasks; another edition has others.
    """
    intake = Intake(student or student_name(path), path.name)
    try:
        members = read_zip(path) if path.is_file() else read_folder(path)
        declare(intake, dict(members), given, files)
    except (RefusedError, OSError) as error:
        intake.refused, intake.files = str(error), {}
    return intake


def student_name(path: Path) -> str:
    """A name that can stand in a file name, from that of the submission."""
    stem = path.stem if path.is_file() else path.name
    name = "".join(c if c.isalnum() or c in "-_.@" else "_" for c in stem).strip("._")[:80]
    return name or "submission"


def find_submissions(paths: Iterable[Path]) -> list[Path]:
    """The submissions among the given paths; a folder of zips or of students' folders is a class.

    Raises:
        ValueError: a path does not exist, or is neither.
    """
    found = []
    for path in paths:
        if not path.exists():
            raise ValueError(f"{path}: does not exist")
        if path.is_file() or any((path / name).exists() for name in FILES):
            found.append(path)
            continue
        inside = sorted(p for p in path.iterdir() if not p.name.startswith((".", "__")))
        students = [p for p in inside if p.suffix.lower() == ".zip" or p.is_dir()]
        if len(students) == 1 and students[0].is_dir() and has_sources(students[0]):
            found.append(path)  # one student's folder, in a folder
        elif students:
            found += students
        else:
            found.append(path)
    return found


def has_sources(folder: Path) -> bool:
    return any((folder / name).exists() for name in FILES)


def read_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The files of a folder; links are refused, whatever they point to."""
    top = folder
    inside = [p for p in folder.iterdir() if not p.name.startswith((".", "__"))]
    folders = [p for p in inside if p.is_dir() and not p.is_symlink()]
    if not has_sources(folder) and len(folders) == 1:
        top = folders[0]
    for path in sorted(top.iterdir()):
        if path.is_symlink():
            raise RefusedError(f"{shown(path.name)} is a link")
        if path.is_file() and path.suffix == ".py":
            if path.stat().st_size > MAX_FILE:
                raise RefusedError(f"{shown(path.name)} is larger than {MAX_FILE:,} bytes")
            yield path.name, path.read_bytes()
        elif path.is_file():
            yield path.name, b""


def read_zip(path: Path) -> Iterator[tuple[str, bytes]]:
    """The members of a zip, without the one top folder that all of them may be in.

    Raises:
        RefusedError: no zip, or one that is not harmless; the member is named.
    """
    if path.stat().st_size > MAX_ARCHIVE:
        raise RefusedError(f"the archive is larger than {MAX_ARCHIVE:,} bytes")
    start = b""
    try:
        with path.open("rb") as file:
            start = file.read(2)
            require_small_directory(file)
            with zipfile.ZipFile(file) as archive:
                everything = archive.infolist()
                if len(everything) > MAX_FILES:
                    raise RefusedError(f"too many files: {len(everything):,}, at most {MAX_FILES}")
                for member in everything:
                    require_harmless(member)
                members = [m for m in everything if not m.is_dir() and not is_clutter(m.filename)]
                yield from read_members(archive, members)
    except RefusedError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError,
            RuntimeError) as error:  # fmt: skip
        what = "a damaged zip" if start == b"PK" else "not a zip"
        raise RefusedError(f"{what}: {shown(str(error))}") from error


def require_small_directory(file: BinaryIO) -> None:
    """Raise a RefusedError where the zip's end announces a list of members that fills the memory.

    A 64-bit end, which could say anything, is one that only far larger archives need.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 66_000))
    tail = file.read()
    end = tail.rfind(b"PK\5\6")
    if end >= 0 and int.from_bytes(tail[end + 12 : end + 16], "little") > MAX_DIRECTORY:
        raise RefusedError(f"too many files, or a damaged zip: at most {MAX_FILES} files")
    if b"PK\6\7" in tail[max(0, end - 20) : max(0, end)]:
        raise RefusedError("a zip of the kind for more than 4 GB or 65,535 files")
    file.seek(0)


def read_members(
    archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]
) -> Iterator[tuple[str, bytes]]:
    """Names without the student's folder, and contents; source files alone are read."""
    tops = {PurePosixPath(m.filename).parts[0] for m in members}
    at_top = any(len(PurePosixPath(m.filename).parts) == 1 for m in members)
    strip = 1 if len(tops) == 1 and not at_top else 0
    names = ["/".join(PurePosixPath(m.filename).parts[strip:]) for m in members]
    require_different(names)
    total = 0
    for member, name in zip(members, names, strict=True):
        if "/" in name or not name.endswith(".py"):
            if name.lower().endswith((".zip", ".tar", ".gz", ".tgz", ".7z", ".rar", ".whl")):
                raise RefusedError(f"{shown(name)} is an archive in an archive")
            yield name, b""
            continue
        with archive.open(member) as file:
            data = file.read(MAX_FILE + 1)  # what it really holds, whatever the header says
        total += len(data)
        if len(data) > MAX_FILE or total > MAX_READ:
            raise RefusedError(f"{shown(name)} is larger than {MAX_FILE:,} bytes")
        if data.startswith(b"PK\3\4"):
            raise RefusedError(f"{shown(name)} is an archive in an archive")
        yield name, data


def require_different(names: list[str]) -> None:
    """Raise a RefusedError where two members would be one file to some system."""
    seen: dict[str, str] = {}
    for name in names:
        same = unicodedata.normalize("NFKC", name).casefold()
        if seen.get(same) == name:
            raise RefusedError(f"{shown(name)} is in it twice")
        if same in seen:
            raise RefusedError(
                f"{shown(name)} and {shown(seen[same])}: only case or accents differ"
            )
        seen[same] = name
    for name in seen:
        for folder in map(str, PurePosixPath(name).parents):
            if folder in seen:
                raise RefusedError(f"{shown(seen[folder])} is both a file and a folder")


def is_clutter(name: str) -> bool:
    """What macOS and Windows add to archives."""
    parts = PurePosixPath(name).parts
    return (
        "__MACOSX" in parts
        or not parts
        or parts[-1].startswith("._")
        or parts[-1] in (".DS_Store", "Thumbs.db", "desktop.ini")
    )


def require_harmless(member: zipfile.ZipInfo) -> None:
    """Raise a RefusedError for a member that is no plain file or folder within the archive."""
    name, kind = member.filename, stat.S_IFMT(member.external_attr >> 16)
    original = getattr(member, "orig_filename", name)
    if not name or len(name) > 200 or UNFIT.search(original):
        raise RefusedError(f"{shown(name) or 'a member'}: a name that is none")
    if name.startswith(("/", "\\")):
        raise RefusedError(f"{shown(name)} is an absolute path")
    if ":" in name:
        raise RefusedError(f"{shown(name)}: a colon in a name, for a drive or a stream to Windows")
    if "\\" in original:
        raise RefusedError(f"{shown(name)} has backslashes in its path")
    if ".." in PurePosixPath(name).parts:
        raise RefusedError(f"{shown(name)} leads out of the archive (..)")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        what = "a link" if kind == stat.S_IFLNK else "a device, a pipe or a socket"
        raise RefusedError(f"{shown(name)} is {what}")
    if member.flag_bits & 1:
        raise RefusedError(f"{shown(name)} is encrypted")
    if member.file_size > 50 * MAX_FILE and member.file_size > 100 * max(member.compress_size, 1):
        raise RefusedError(f"{shown(name)} is a bomb: {member.file_size:,} bytes once unpacked")


def declare(
    intake: Intake, members: dict[str, bytes], given: Collection[str], files: Sequence[str]
) -> None:
    """Take the declared files and helpers; note the others."""
    if not members:
        raise RefusedError("it is empty")
    for name, data in sorted(members.items()):
        if name in files:
            intake.files[name] = normal_lines(name, data, intake)
        elif "/" in name or not name.endswith(".py"):
            intake.notes.append(f"{shown(name)}: ignored, not a part of the submission")
        elif not name.removesuffix(".py").isidentifier():
            intake.notes.append(f"{shown(name)}: ignored, no module can be imported by this name")
        elif (why := shadowed(name, given)) is not None:
            intake.notes.append(f"{shown(name)}: ignored, it would hide {why}")
        else:
            intake.files[name] = data
            intake.notes.append(f"{shown(name)}: taken as a helper")
    intake.missing = [name for name in files if name not in intake.files]
    for name in intake.missing:
        intake.notes.append(f"{name}: missing; its tasks count as not started")
    if len(intake.missing) == len(files):
        raise RefusedError(f"none of {', '.join(files)} is in it, at its top or in one folder")
    if files is FILES and b"from utils import *" in b"".join(intake.files.values()):
        intake.notes.append(
            "`from utils import *`: of another edition; grade it with --edition original"
        )


def normal_lines(name: str, data: bytes, intake: Intake) -> bytes:
    """The same without a byte order mark; noted, so that the learner knows."""
    if data.startswith(b"\xef\xbb\xbf"):
        intake.notes.append(f"{name}: begins with a byte order mark, which was taken off")
        data = data[3:]
    return data


def shadowed(name: str, given: Collection[str]) -> str | None:
    """What a top-level helper of this name would hide, if anything."""
    module = name.removesuffix(".py")
    if module in {file.partition("/")[0].removesuffix(".py") for file in given}:
        return "a file of the handout"
    if module in (*sys.stdlib_module_names, "sitecustomize", "usercustomize", "conftest"):
        return "a module of Python"
    try:
        found = find_spec(module)
    except (ImportError, ValueError):
        return None
    if found is None or found.origin is None:
        return None
    place = Path(found.origin).parent if found.submodule_search_locations else Path(found.origin)
    # In a learner's tree the helper itself is found; `.venv` lies deeper.
    return None if place.parent == PROJECT else "an installed package"


def shown(name: str) -> str:
    """A name from outside, fit for one line of a report."""
    return "".join(c if c.isprintable() else "?" for c in name)[:100]
