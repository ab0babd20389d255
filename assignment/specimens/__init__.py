"""Submissions that we know the outcome of, as data: mistakes, honest variants, attacks.

A file of specimens is sections, each with a version of its task's function:

    # === NAME: what is wrong with it, how it goes about the task, or what it tries
    # expect: timeout
    the code, which runs in the namespace of the module that it is put into

An attack has headers, like the second line, where it differs from what `Specimen` has by default.
A section `default` holds headers and code for those in its file that have none of their own. In a
file of mistakes the section `right` is a right version, and a mistake may be said as a change of
it: lines `# - OLD`, which stand there once, and after them the lines `# + NEW` that take their
place and their indentation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from assignment.results import Status
from assignment.tasks import all_tasks

HERE = Path(__file__).parent
# What may come of the attacked task. Where a system call is refused, an attack ends as a crash.
NO_POINTS = tuple(set(Status) - {Status.PASSED})
OUTCOMES = {
    "timeout": (Status.TIMEOUT, Status.CRASHED),
    "memory": (Status.MEMORY, Status.CRASHED, Status.TIMEOUT),
    "crashed": NO_POINTS,
    "no_points": NO_POINTS,
    "passed_harmless": tuple(Status),
    "ignored": (Status.PASSED,),
}
SECTION = re.compile(
    r"^# === ([^:\n]*):? ?(.*)\n((?:# \w+: .*\n)*)((?:(?!# === ).*\n)*)", re.MULTILINE
)
PLACE = re.compile("body|top|helper|file:.+").fullmatch
CHANGE = re.compile(r"((?:# - .*\n)+)((?:# \+ .*\n)*)")


@dataclass(frozen=True)
class Specimen:
    """One version of a task's function, or an attack elsewhere in a submission."""

    task: str
    name: str
    about: str  # of a mistake: words that fit after "looks like an implementation that"
    text: str
    expect: str = "no_points"  # of attacks: a key of OUTCOMES
    place: str = "body"  # of attacks: body, top, helper or file:NAME; see docs/teaching.md

    def __str__(self) -> str:
        return f"{self.task}/{self.name}"


def read(path: Path, found: dict[str, Specimen], task: str = "") -> None:
    """Add a file's specimens to `found`, by name; without a task, their headers may say which.

    Raises:
        ValueError: a section is not in the format, or its name is in `found` already.
    """
    usual = Specimen(task or "rmsnorm", "", "", "")
    known = {"expect", "place"} if task else {"expect", "place", "task"}
    for name, about, lines, code in SECTION.findall(path.read_text(encoding="utf-8") + "\n"):
        where = f"{path}, section {name}"
        headers = dict(line[2:].split(": ", 1) for line in lines.splitlines())
        text = code.strip("\n") + "\n" if code.strip() else usual.text
        if unknown := headers.keys() - known:
            raise ValueError(f"{where}: header {min(unknown)!r}; choose from {sorted(known)}")
        if text.startswith(("# - ", "# + ")):
            if "right" not in found:
                raise ValueError(f"{where}: is a change; put a section `right` before it")
            text = changed(found["right"].text, text, where)
        one = replace(usual, name=name, about=about, text=text, **headers)
        tasks = [each.name for each in all_tasks().values() if each.symbol is not None]
        complaints = {
            "is empty; write its code below it": not text,
            "another section has this name; choose a new one": name in found,
            f"task {one.task!r}; choose from {tasks}": one.task not in tasks,
            f"expect {one.expect!r}; choose from {list(OUTCOMES)}": one.expect not in OUTCOMES,
            f"place {one.place!r}; it is body, top, helper or file:NAME": not PLACE(one.place),
        }
        for complaint in (text for text, applies in complaints.items() if applies):
            raise ValueError(f"{where}: {complaint}")
        if name == "default":
            usual = one
        else:
            found[name] = one


def changed(right: str, changes: str, where: str) -> str:
    """A right version with the lines `# + NEW` in the place of its lines `# - OLD`.

    Raises:
        ValueError: old lines are not there exactly once, or other lines stand beside the changes.
    """
    if other := CHANGE.sub("", changes).strip().splitlines():
        raise ValueError(f"{where}: {other[0]!r} is no change; write # - OLD, then # + NEW")
    lines = right.splitlines()
    after = [[line] for line in lines]  # what stands in the place of each
    for old, new in CHANGE.findall(changes):
        wanted = [line[4:].strip() for line in old.splitlines()]
        starts = range(len(lines) - len(wanted) + 1)
        places = [i for i in starts if [x.strip() for x in lines[i : i + len(wanted)]] == wanted]
        if len(places) != 1:
            times = f"{len(places)} times in the right version"
            raise ValueError(f"{where}: {wanted[0]!r} stands {times}; quote what stands there once")
        [start] = places
        indent = " " * (len(lines[start]) - len(lines[start].lstrip()))
        after[start : start + len(wanted)] = [[] for _ in wanted]
        after[start] = [indent + line[4:] for line in new.splitlines()]
    return "".join(line + "\n" for part in after for line in part)


def of_task(kind: str, task: str) -> dict[str, Specimen]:
    """The specimens of a task by name; none where the task has no function of its own."""
    found: dict[str, Specimen] = {}
    path = HERE / kind / f"{task}.py"
    if path.exists():
        read(path, found, task)
    return dict(sorted(found.items()))


def right(task: str) -> Specimen:
    """The right version that the mistakes in a task are changes of."""
    return of_task("mistakes", task)["right"]


def mistakes(task: str) -> list[Specimen]:
    """The classic wrong versions of a task, by name."""
    return [one for name, one in of_task("mistakes", task).items() if name != "right"]


def variants(task: str) -> list[Specimen]:
    """The honest ways to write a task, by name."""
    return list(of_task("variants", task).values())


def attacks() -> list[Specimen]:
    """The attacks of all themes, by name."""
    found: dict[str, Specimen] = {}
    for path in sorted((HERE / "attacks").glob("*.py")):
        read(path, found)
    return [one for _, one in sorted(found.items())]
