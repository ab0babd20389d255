"""How course platforms name what they deliver, and what a student is called in our files.

- Canvas: files `lastfirst_12_345_hw1.zip`, with `_LATE` after the name, and `hw1-2.zip` for a file
  that was uploaded again; 12 is the student and 345 the file, a larger number for a later one.
- Moodle: a folder for each student, `Ada Lovelace_12_assignsubmission_file_`, or files whose names
  begin so.
- Gradescope: folders `submission_12`, and a file that says whose they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

MOODLE = re.compile(
    r"(?P<name>.+)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)(?:_(?P<file>.*))?"
)
CANVAS = re.compile(r"(?P<name>.+?)(?P<late>_LATE)?_(?P<id>\d+)_(?P<number>\d+)_(?P<file>.+)")
CANVAS_TEXT = re.compile(r"(?P<name>.+?)(?P<late>_LATE)?_(?P<id>\d+)_(?P<file>text\.html)")
GRADESCOPE = re.compile(r"submission_(?P<id>\d+)")
METADATA = "submission_metadata.yml"  # Gradescope's
ATTEMPT = re.compile(r"-(\d+)(?=(?:\.tar)?\.\w+$)")
OWNER = re.compile(r"^(submission_\d+):|^\s*(?:- )?:name: *['\"]?(.*?)['\"]? *$", re.MULTILINE)
ENDINGS = re.compile(r"(\.tar)?\.\w{1,5}$")


@dataclass(frozen=True)
class Naming:
    """What the name of a file or a folder says."""

    student: str
    file: str  # the name that the student gave it; empty for a folder
    identity: str = ""  # the platform's number for the student; empty where no platform named it
    number: int = 0  # the platform's for the file, larger for a later one
    late: bool = False

    @property
    def base(self) -> str:
        """The file's name without the platform's count of uploads."""
        return ATTEMPT.sub("", self.file)

    @property
    def attempt(self) -> int:
        found = ATTEMPT.search(self.file)
        return int(found[1]) if found else 0


def read_name(name: str, *, is_file: bool, owners: Mapping[str, str] | None = None) -> Naming:
    """What is known of a student's file or folder by its name.

    Args:
        owners: whose Gradescope's folders are, as `read_owners` has it.
    """
    for form in (MOODLE, CANVAS, CANVAS_TEXT):
        if found := form.fullmatch(name):
            said = found.groupdict()
            number, late = int(said.get("number") or 0), bool(said.get("late"))
            file = (said["file"] or name) if is_file else ""
            return Naming(student_name(said["name"]), file, said["id"], number, late)
    if not is_file and (found := GRADESCOPE.fullmatch(name)):
        return Naming(student_name((owners or {}).get(name, name)), "", found["id"])
    stem = ENDINGS.sub("", name) if is_file else name
    return Naming(student_name(stem), name if is_file else "")


def is_given_by_a_platform(name: str) -> bool:
    return name == METADATA or any(
        form.fullmatch(name) for form in (MOODLE, CANVAS, CANVAS_TEXT, GRADESCOPE)
    )


def read_owners(metadata: str) -> dict[str, str]:
    """The students of each folder, from the lines of Gradescope's file that name them."""
    owners: dict[str, list[str]] = {}
    folder = ""
    for found in OWNER.finditer(metadata):
        if found[1]:
            folder = found[1]
        elif folder and found[2]:
            owners.setdefault(folder, []).append(found[2])
    return {folder: " and ".join(names) for folder, names in owners.items()}


def student_name(text: str) -> str:
    """The same, fit to be a part of a file name."""
    name = "".join(c if c.isalnum() or c in "-_.@" else "_" for c in text).strip("._")[:80]
    return name or "submission"
