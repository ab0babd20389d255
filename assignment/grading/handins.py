"""From a class's folder or archive to one hand-in for each student, under the student's name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from assignment.grading.courses import Graded
from assignment.grading.naming import (
    METADATA,
    Naming,
    is_given_by_a_platform,
    read_name,
    read_owners,
)
from assignment.results import LATE
from assignment.sandbox.archives import READABLE, archive_members
from assignment.sandbox.intake import Intake, take
from assignment.sandbox.members import Member, RefusedError, file_member, folder_members, shown
from assignment.tasks import Course

MAX_METADATA = 20_000_000  # bytes


@dataclass(frozen=True)
class Entry:
    """One file or folder of a class, and what its name says."""

    source: str
    naming: Naming
    members: Sequence[Member]  # a folder's contents, or a file under the name a student gave it


@dataclass
class HandIn:
    """What one student handed in."""

    student: str  # what files about it are called
    source: str
    members: Sequence[Member]
    identity: str = ""  # the platform's number for the student
    notes: list[str] = field(default_factory=list)


def take_in_class(
    paths: Iterable[Path], course: Graded, out: Path
) -> tuple[list[Intake], list[str]]:
    """Take in every hand-in of the given paths, each a student's or a class's.

    Returns what was taken of each, and the names of what is none.

    Args:
        course: whose files are expected, and none of whose given ones a helper may hide.
        out: the folder for the results, which is no hand-in.

    Raises:
        ValueError: a path does not exist.
    """
    hand_ins: list[HandIn] = []
    skipped: list[str] = []
    given = course.base()
    with ExitStack() as stack:  # what keeps the archive of a class open
        for path in paths:
            hand_ins += find_hand_ins(path, stack, skipped, out, course)
        unique_names(hand_ins)
        intakes = [
            take(
                Intake(one.student, one.source, notes=one.notes, course=course),
                one.members,
                given,
            )
            for one in hand_ins
        ]
    return intakes, skipped


def find_hand_ins(
    path: Path, stack: ExitStack, skipped: list[str], out: Path, course: Course
) -> list[HandIn]:
    """The hand-ins at one path; what is none is added to `skipped`.

    Raises:
        ValueError: the path does not exist.
    """
    if not path.exists():
        raise ValueError(f"{path}: does not exist")
    naming = read_name(path.name, is_file=path.is_file())
    own: Sequence[Member]
    if path.is_file():
        own, members = [file_member(path, naming.file)], members_of_archive(path, stack)
        several = is_archived_class(members, course)
    else:
        own = members = without_results(folder_members(path), path, out, skipped)
        several = is_class(members, course) and not naming.identity
    if several:
        return by_student(unwrapped(members), skipped, course)
    return [HandIn(naming.student, path.name, own, naming.identity)]


def members_of_archive(path: Path, stack: ExitStack) -> list[Member]:
    """What lies in an archive; nothing, where only intake can say what is wrong with it."""
    if not path.name.lower().endswith(READABLE):
        return []
    try:
        return archive_members(stack.enter_context(path.open("rb")))
    except RefusedError:
        return []


def without_results(
    members: Iterable[Member], folder: Path, out: Path, skipped: list[str]
) -> list[Member]:
    """The members of a folder, but for what grading has written there."""
    results = {
        path.name
        for path in folder.iterdir()
        if path.resolve() == out.resolve()
        or all((path / name).exists() for name in ("class.csv", "class.html", "reports"))
    }
    skipped += [f"{shown(name)}/, results of grading" for name in sorted(results)]
    return [member for member in members if top(member) not in results]


def top(member: Member) -> str:
    """The first part of its name."""
    return member.name.partition("/")[0]


def inside(members: Iterable[Member], folder: str) -> list[Member]:
    """The members within a folder at the top, by their names in it."""
    found = [member for member in members if member.name.startswith(f"{folder}/")]
    return [replace(member, name=member.name.removeprefix(f"{folder}/")) for member in found]


def is_archived_class(members: Sequence[Member], course: Course) -> bool:
    """Whether an archive holds archives or what a platform names, and no sources of its own.

    Several folders do not make a class of it: students zip old versions beside the new one.
    """
    if any(is_given_by_a_platform(top(member)) for member in [*members, *unwrapped(members)]):
        return True
    sources = any(member.base in course.bases for member in members)
    return any(map(is_readable, members)) and not sources


def is_class(members: Sequence[Member], course: Course) -> bool:
    """Whether a folder holds several students' hand-ins, and not one student's work."""
    if not {member.name for member in members}.isdisjoint((*course.files, *course.bases)):
        return False
    folders = {top(member) for member in members if member.folder or member.kind == "folder"}
    return len(folders) != 1 or any(
        is_readable(member) or is_given_by_a_platform(top(member))
        for member in [*members, *unwrapped(members)]
    )


def is_readable(member: Member) -> bool:
    return member.kind == "file" and member.name.lower().endswith(READABLE)


def unwrapped(members: Sequence[Member]) -> Sequence[Member]:
    """The members without one folder that is around a class."""
    tops = {top(member) for member in members}
    if len(tops) != 1:
        return members
    inner = inside(members, *tops)
    archives = [member for member in inner if is_readable(member) and not member.folder]
    named = any(is_given_by_a_platform(top(member)) for member in inner)
    return inner if named or len(archives) > 1 else members


def by_student(members: Sequence[Member], skipped: list[str], course: Course) -> list[HandIn]:
    """One hand-in for each student of a class, in the order of their names."""
    metadata = next((member for member in members if member.name == METADATA), None)
    owners = read_owners(metadata.read(MAX_METADATA).decode(errors="replace") if metadata else "")
    groups: dict[tuple[str, str], list[Entry]] = {}
    for name in sorted({top(member) for member in members}):
        itself = next((member for member in members if member.name == name), None)
        if itself is None or itself.kind == "folder":
            naming = read_name(name, is_file=False, owners=owners)
            contents = inside(members, name)
        else:
            naming = read_name(name, is_file=True)
            contents = [replace(itself, name=naming.file)]
            if not naming.identity and is_no_hand_in(itself):
                skipped.append(shown(name))
                continue
        key = (naming.student, naming.identity or name)
        groups.setdefault(key, []).append(Entry(name, naming, contents))
    join_papers(groups)
    return [hand_in(groups[key], course) for key in sorted(groups)]


def is_no_hand_in(member: Member) -> bool:
    """Whether it is a platform's list, a hidden file or a tool's folder, in a class's folder."""
    listed = member.name.lower().endswith(".csv") or member.name == METADATA
    return listed or member.name.startswith(".") or member.kind == "left out"


def join_papers(groups: dict[tuple[str, str], list[Entry]]) -> None:
    """Put `ada.pdf` to `ada.zip` or `ada/`, where there is one of these and not two."""
    for key, (first, *_) in list(groups.items()):
        name = first.naming.file.lower()
        if first.naming.identity or not name or name.endswith((*READABLE, ".py")):
            continue
        same = [other for other in groups if other[0] == key[0] and other != key]
        if len(same) == 1:
            groups[same[0]] += groups.pop(key)


def hand_in(entries: Sequence[Entry], course: Course) -> HandIn:
    """What counts of one student's files, and a note on what does not."""
    chosen = latest(entries, course)
    late = any(entry.naming.late for entry in chosen)
    notes = [f"{LATE}, says the file's name"] * late
    notes += [
        f"{shown(entry.source)}: left out, an earlier hand-in"
        for entry in entries
        if entry.source not in {other.source for other in chosen}
    ]
    source = chosen[0].source + (f" and {len(chosen) - 1} more" if len(chosen) > 1 else "")
    members = [member for entry in chosen for member in entry.members]
    naming = chosen[0].naming
    return HandIn(naming.student, source, members, naming.identity, notes)


def latest(entries: Sequence[Entry], course: Course) -> list[Entry]:
    """The last upload of each file; of archives and of sources, what was uploaded last.

    Only Canvas gives files a number; what others deliver belongs together.
    """
    if not all(entry.naming.number for entry in entries):
        return list(entries)
    newest: dict[str, Entry] = {}
    for entry in sorted(entries, key=lambda each: (each.naming.attempt, each.naming.number)):
        base = entry.naming.base
        newest[base] = replace(entry, members=[replace(entry.members[0], name=base)])
    sources = [entry for base, entry in newest.items() if base.endswith(".py")]
    options = [[entry] for base, entry in newest.items() if base.lower().endswith(READABLE)]
    papers = [entry for entry in newest.values() if [entry] not in options + [[e] for e in sources]]
    if any(entry.naming.base in course.bases for entry in sources):
        options.append(sources)
    best = max(options, key=lambda some: max(e.naming.number for e in some), default=sources)
    return [*best, *papers]


def unique_names(hand_ins: Sequence[HandIn]) -> None:
    """Two students of one name get the platform's numbers after it, or become `name-2`."""
    alike = Counter(one.student.casefold() for one in hand_ins)  # some file systems ignore case
    taken: set[str] = set()
    for one in hand_ins:
        if alike[one.student.casefold()] > 1 and one.identity:
            one.student = f"{one.student}-{one.identity}"
        name, count = one.student, 1
        while one.student.casefold() in taken:
            count += 1
            one.student = f"{name}-{count}"
        taken.add(one.student.casefold())
