"""What a submission is made of: members under names that were checked, read only when wanted.

Nothing is unpacked and nothing is written. A member that is not harmless says so, and whoever takes
it in decides what that costs.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Literal

MAX_FILES = 500  # beside what tools make
MAX_FILE = 1_000_000  # bytes of one source file
MAX_NAME = 200  # characters, folders included
# Folders that tools make beside the work, as they do hidden ones: tens of thousands of files.
TOOLS = frozenset({"venv", "node_modules", "site-packages", "__pycache__"})
CLUTTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})  # what systems add to archives
# Control characters, and those that turn the direction of writing
UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

Kind = Literal["file", "folder", "link", "left out"]


class RefusedError(ValueError):
    """A submission of which nothing is taken."""


@dataclass(frozen=True)
class Member:
    """A file, folder or link of a submission, or a whole folder that is left out."""

    name: str  # with the folders that it is in, parted by "/"
    kind: Kind
    read: Callable[[int], bytes] = lambda limit: b""  # at most so many bytes of what it holds
    fault: str = ""  # why nothing beside it can be trusted, in a line that names it

    @property
    def folder(self) -> str:
        """The folder that it is in; empty for the top."""
        return self.name.rpartition("/")[0]

    @property
    def base(self) -> str:
        """Its name within that folder."""
        return self.name.rpartition("/")[2]


def archived(raw: str, kind: Kind, read: Callable[[int], bytes], fault: str = "") -> Member:
    """A member of an archive. `fault` is what is wrong with it besides its name, for example
    "is encrypted"; within a folder that is left out it does not matter."""
    name, outside = plain_name(raw)
    if outside:
        return Member(name, kind, read, outside)
    if folder := tools_folder(name, kind):
        return Member(folder, "left out")
    if len(name) > MAX_NAME:
        return Member(name, kind, read, f"{shown(name)}: a name that is none")
    return Member(name, kind, read, fault and f"{shown(name)} {fault}")


def plain_name(raw: str) -> tuple[str, str]:
    """A name that stays inside, "/" between its parts, or what is wrong with it.

    Old tools on Windows part folders by backslashes, against the format's rules.
    """
    name = raw.replace("\\", "/")
    if not name or UNFIT.search(name):
        return raw, f"{shown(raw) or 'a member'}: a name that is none"
    if name.startswith("/"):
        return raw, f"{shown(raw)} is an absolute path"
    if ":" in name:
        return raw, f"{shown(raw)}: a colon in a name, for a drive or a stream to Windows"
    if ".." in PurePosixPath(name).parts:
        return raw, f"{shown(raw)} leads out of the archive (..)"
    return str(PurePosixPath(name)), ""


def tools_folder(name: str, kind: Kind) -> str:
    """The folder of a tool that a member is or lies in; empty for what may be somebody's work."""
    parts = name.split("/")
    for i, part in enumerate(parts if kind == "folder" else parts[:-1], start=1):
        if part in TOOLS or (part.startswith(".") and part != "."):
            return "/".join(parts[:i])
    return ""


def tidy(members: Iterable[Member]) -> list[Member]:
    """Without what systems add, and each folder that is left out once, at the end."""
    left_out = {}
    kept = []
    for member in members:
        if member.kind == "left out":
            left_out[member.name] = member
        elif member.fault or not is_clutter(member):
            kept.append(member)
    return kept + [m for m in left_out.values() if m.base != "__MACOSX"]


def is_clutter(member: Member) -> bool:
    return (
        member.name == "."
        or "__MACOSX" in member.name.split("/")
        or member.base.startswith("._")
        or member.base in CLUTTER
    )


def folder_members(folder: Path) -> list[Member]:
    """What lies in a folder; links are not followed.

    Of each thing at its top no more is listed than a submission may hold, and one file.

    Raises:
        OSError: something cannot be listed.
    """
    found: list[Member] = []
    for path in sorted(folder.iterdir()):
        found += islice(walk(path, path.name), MAX_FILES + 1)
    return tidy(found)


def walk(path: Path, name: str) -> Iterator[Member]:
    """A file, or a folder and what is in it."""
    if os.sep == "/":
        name = name.replace("\\", "/")  # what `unzip` here makes of folders that Windows zipped
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        yield Member(name, "link")
    elif stat.S_ISREG(mode):
        yield file_member(path, name)
    elif not stat.S_ISDIR(mode):
        yield Member(name, "file", fault=f"{shown(name)} is a device, a pipe or a socket")
    elif tools_folder(name, "folder") or len(name) > MAX_NAME:
        yield Member(name, "left out")
    else:
        yield Member(name, "folder")
        for inner in sorted(path.iterdir()):
            yield from walk(inner, f"{name}/{inner.name}")


def file_member(path: Path, name: str) -> Member:
    """A file on the disk under the name that it goes by."""

    def read(limit: int) -> bytes:
        with path.open("rb") as file:
            return file.read(limit)

    return Member(name, "file", read)


def shown(name: str) -> str:
    """A name from outside, fit for one line of a report."""
    return "".join(c if c.isprintable() else "?" for c in name)[:100]
