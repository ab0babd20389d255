"""What is taken of a submission, and what is not, each with a line.

Nothing is written here; the grader writes what was taken in.
"""

from __future__ import annotations

import hashlib
import io
import sys
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from assignment.sandbox.archives import ARCHIVES, MAX_ARCHIVE, READABLE, archive_members
from assignment.sandbox.members import (
    MAX_FILE,
    MAX_FILES,
    Member,
    RefusedError,
    file_member,
    folder_members,
    shown,
)
from assignment.sandbox.sources import as_utf8, defined_twice, is_empty
from assignment.tasks import PROJECT, Course, load_course

MAX_READ = 20_000_000  # bytes actually read from one submission


@dataclass
class Intake:
    """What was taken of a submission, and what was not."""

    student: str
    source: str
    files: dict[str, bytes] = field(default_factory=dict)  # name -> contents
    notes: list[str] = field(default_factory=list)  # a line for each file left out
    missing: list[str] = field(default_factory=list)
    refused: str = ""
    course: Course = field(default_factory=load_course)  # whose files are expected

    @property
    def sha256(self) -> str:
        """Of names and contents, in order: the same files have the same digest in any zip."""
        digest = hashlib.sha256()
        for name, data in sorted(self.files.items()):
            digest.update(f"{name}\0{len(data)}\0".encode() + data)
        return digest.hexdigest()


def take_in(
    path: Path, given: Collection[str], student: str = "submission", course: Course | None = None
) -> Intake:
    """Read an archive or a folder; what is wrong with it is in the result.

    Args:
        given: the names of the handout's files, which no helper may hide.
        course: whose files are expected; this tree's, unless another is given.
    """
    intake = Intake(student, path.name, course=course or load_course())
    try:
        members = folder_members(path) if path.is_dir() else [file_member(path, path.name)]
    except OSError as error:
        intake.refused = str(error)
        return intake
    return take(intake, members, given)


def take(intake: Intake, members: Sequence[Member], given: Collection[str]) -> Intake:
    """The same for what was handed in, listed: a folder's contents, or one archive."""
    try:
        declare(intake, opened(intake, members), given)
    except (RefusedError, OSError) as error:
        intake.refused, intake.files = str(error), {}
    return intake


def opened(intake: Intake, members: Sequence[Member]) -> list[Member]:
    """What was handed in, with its archives as if they were folders; a lone one is all there is.

    Raises:
        RefusedError: the only archive is not harmless, and nothing beside it is of use.
    """
    room = MAX_ARCHIVE
    kept, refusals = [], {}
    for member in members:
        if member.fault or not is_archive(member):
            kept.append(member)
            continue
        try:
            size, inner = open_archive(member, room)
        except RefusedError as error:
            refusals[shown(member.name)] = str(error)
            continue
        room -= size
        if len(members) == 1:
            return inner
        kept += [replace(each, name=f"{member.name}/{each.name}") for each in inner]
    if refusals and not any(member.base in intake.course.bases for member in kept):
        raise RefusedError(next(iter(refusals.values())))
    intake.notes += [f"{name}: left out, {why}" for name, why in refusals.items()]
    return kept


def is_archive(member: Member) -> bool:
    return member.kind == "file" and member.name.lower().endswith(ARCHIVES)


def open_archive(member: Member, most: int) -> tuple[int, list[Member]]:
    """An archive's size in bytes, and its members.

    Raises:
        RefusedError: it is too large, of a kind that is not read, or not harmless.
    """
    if not member.name.lower().endswith(READABLE):
        raise RefusedError(f"a {PurePosixPath(member.name).suffix}: hand in a zip")
    data = member.read(most + 1)
    if len(data) > most:
        raise RefusedError(f"the archive is larger than {MAX_ARCHIVE:,} bytes")
    members = archive_members(io.BytesIO(data))
    require_harmless(members)
    return len(data), members


def require_harmless(members: Sequence[Member]) -> None:
    """Raise a RefusedError where an archive or a folder has in it what no honest one has."""
    count = sum(member.kind != "left out" for member in members)
    if count > MAX_FILES:
        raise RefusedError(f"too many files: {count:,}, at most {MAX_FILES}")
    for member in members:
        if member.fault:
            raise RefusedError(member.fault)
        if is_archive(member):
            raise RefusedError(f"{shown(member.name)} is an archive in an archive")
    require_different([member for member in members if member.kind in ("file", "link")])


def require_different(members: Sequence[Member]) -> None:
    """Raise a RefusedError where two members would be one file to some system."""
    seen: dict[str, Member] = {}
    for member in members:
        name = member.name
        same = unicodedata.normalize("NFKC", name).casefold()
        other = seen.setdefault(same, member)
        if other is not member:
            if other.name == name:
                raise RefusedError(f"{shown(name)} is in it twice")
            raise RefusedError(
                f"{shown(name)} and {shown(other.name)}: only case or accents differ"
            )
    for name in seen:
        for folder in map(str, PurePosixPath(name).parents):
            if folder in seen:
                what = "a link" if seen[folder].kind == "link" else "both a file and a folder"
                raise RefusedError(f"{shown(seen[folder].name)} is {what}")


def declare(intake: Intake, members: Sequence[Member], given: Collection[str]) -> None:
    """Take the declared files and helpers of one folder; note all else."""
    require_harmless(members)
    files = [member for member in members if member.kind in ("file", "link")]
    if not files:
        raise RefusedError("it is empty")
    course = intake.course
    top = chosen_folder(files, course)
    sources = named(files, top, course)
    contents = read_sources(sources, course)
    names = {member.name: name for name, member in sources.items() if name in contents}
    for member in sorted(members, key=lambda each: each.name):
        place = inside(member.name, top) or member.name
        if member.name in names:
            if names[member.name] != place:
                intake.notes.append(f"{shown(place)}: taken as {names[member.name]}")
            take_source(intake, names[member.name], contents[names[member.name]], given)
        elif (why := ignored(member, top, course)) is not None:
            place += "/" * (member.kind == "left out")
            intake.notes.append(f"{shown(place)}: {why}")
    note_missing(intake, contents)
    if intake.course.name == "llama" and b"from utils import *" in b"".join(intake.files.values()):
        intake.notes.append(
            "`from utils import *`: of another edition; grade it with --edition original"
        )


def inside(name: str, folder: str) -> str | None:
    """A name as it is within a folder; None where it lies elsewhere."""
    start = f"{folder}/" if folder else ""
    return name.removeprefix(start) if name.startswith(start) else None


def named(files: Iterable[Member], top: str, course: Course) -> dict[str, Member]:
    """What may be taken of a submission whose top is a folder, by the names in the tree.

    That is the course's files, and helpers beside the topmost. One that belongs in a folder may lie
    at the top, where it cannot be taken for another.
    """
    within = {name: each for each in files if (name := inside(each.name, top)) is not None}
    found = {name: each for name, each in within.items() if "/" not in name or name in course.files}
    for name in course.files:
        if name not in within and (base := lone_base(name, course)) in within:
            found[name] = found.pop(base)
    return found


def lone_base(name: str, course: Course) -> str:
    """What one of the course's files is called without its folder, if no other is; or its name."""
    base = PurePosixPath(name).name
    return base if [PurePosixPath(each).name for each in course.files].count(base) == 1 else name


def note_missing(intake: Intake, contents: Collection[str]) -> None:
    """Say which of the course's files are not there, or have nothing in them.

    Raises:
        RefusedError: none has.
    """
    wanted = intake.course.files
    intake.missing = [name for name in wanted if name not in intake.files]
    if len(intake.missing) == len(wanted):
        raise RefusedError(f"empty: {', '.join(name for name in wanted if name in contents)}")
    for name in intake.missing:
        what = "is empty" if name in contents else "missing"
        intake.notes.append(f"{name}: {what}; its tasks count as not started")


def chosen_folder(files: Iterable[Member], course: Course) -> str:
    """The folder with the most of the course's files; of several, the one that is least deep.

    Raises:
        RefusedError: there is none, or no reason to prefer one.
    """
    files = list(files)
    found: dict[str, set[str]] = {}  # folder -> the files that are there
    for member in files:
        for name in course.files:
            for ending in {name, lone_base(name, course)}:
                if f"/{member.name}".endswith(f"/{ending}"):
                    folder = member.name.removesuffix(ending).rstrip("/")
                    found.setdefault(folder, set()).add(name)
    if not found:
        raise RefusedError(none_of_them(files, course.files))

    def rank(folder: str) -> tuple[int, int]:
        return -len(found[folder]), len(PurePosixPath(folder).parts)

    best = sorted(folder for folder in found if rank(folder) == min(map(rank, found)))
    if len(best) > 1:
        both = " and ".join(f"{shown(folder)}/" for folder in best[:2])
        share = f"{len(found[best[0]])} of the {len(course.files)} files"
        raise RefusedError(f"{both} have {share} each: hand in one folder")
    return best[0]


def none_of_them(files: Sequence[Member], wanted: Sequence[str]) -> str:
    """Why nothing can be graded of a submission without any of the files."""
    name, listed = shown(files[0].name), ", ".join(wanted)
    if len(files) > 1:
        return f"none of {listed} is in it, in any folder"
    what = "a link" if files[0].kind == "link" else "all there is"
    return f"{name} is {what}: hand in a zip with {listed}"


def read_sources(members: Mapping[str, Member], course: Course) -> dict[str, bytes]:
    """Contents of the source files, by their names in the tree; all else is never read.

    Raises:
        RefusedError: one is a link or an archive, or there is too much in them.
    """
    contents, total = {}, 0
    for name, member in members.items():
        if member.kind == "link" and name in course.files:
            raise RefusedError(f"{shown(member.name)} is a link")
        if member.kind == "link" or not member.base.endswith(".py"):
            continue
        data = member.read(MAX_FILE + 1)
        total += len(data)
        if len(data) > MAX_FILE or total > MAX_READ:
            raise RefusedError(f"{shown(member.base)} is larger than {MAX_FILE:,} bytes")
        if data.startswith(b"PK\3\4"):
            raise RefusedError(f"{shown(member.base)} is an archive in an archive")
        contents[name] = data
    return contents


def ignored(member: Member, top: str, course: Course) -> str | None:
    """Why a member is not taken; None for a folder, which its files speak for."""
    if member.kind == "folder":
        return None
    if member.kind == "link":
        return "ignored, it is a link"
    if member.base in course.bases:
        return f"left out, the files {f'in {shown(top)}/' if top else 'at the top'} were taken"
    return "ignored, not a part of the submission"


def take_source(intake: Intake, name: str, data: bytes, given: Collection[str]) -> None:
    """Take one of the files, unless it is empty, or a helper, unless it hides something."""
    if name not in intake.course.files:
        if not name.removesuffix(".py").isidentifier():
            intake.notes.append(f"{shown(name)}: ignored, no module can be imported by this name")
            return
        if (why := shadowed(name, given)) is not None:
            intake.notes.append(f"{shown(name)}: ignored, it would hide {why}")
            return
        intake.notes.append(f"{shown(name)}: taken as a helper")
    data, said = as_utf8(data)
    if said:
        intake.notes.append(f"{shown(name)}: {said}")
    if name in intake.course.files and is_empty(data):
        return
    intake.files[name] = data
    asked = [task.qualified_name for task in intake.course.written if task.file == name]
    intake.notes += [f"{name}: {line}" for line in defined_twice(data, asked)]


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
