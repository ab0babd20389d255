"""`python -m assignment selftest`: grade what we know the score of, and compare.

The solution has every point and the empty handout none; each classic mistake costs its own task
and what needs it, and nothing else; honest variants cost nothing; attacks gain nothing, reach
nothing and leave nothing behind. The kill table for teachers comes out of it.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import sys
import tempfile
import textwrap
import time
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tqdm import tqdm

from assignment.grading import pages
from assignment.grading.courses import our_course
from assignment.grading.grade import grade_all
from assignment.grading.grader import Grader, make_grader
from assignment.grading.handout import under_submissions
from assignment.grading.stubs import find, first_line, last_line
from assignment.results import Status, SubmissionResult
from assignment.sandbox.intake import Intake, take_in
from assignment.sandbox.tiers import TIERS
from assignment.specimens import HERE, OUTCOMES, Specimen, attacks, mistakes, variants
from assignment.specimens.archives.hostile import ARCHIVES
from assignment.specimens.archives.odd import ODD_BUT_HONEST
from assignment.tasks import PROJECT, USUAL, Course, Task, add_course, load_course
from support.errors import ArgumentParser
from support.files import write_text

MARKER = "survivor7391"  # in names of processes and files that an attack leaves
ENDLESS_SECONDS = 4  # for a task of what never ends; nothing comes of waiting any longer
SECONDS = 2  # for a submission and a job; measured with two jobs on two cores


@functools.cache
def handed_out() -> dict[str, bytes]:
    """What lies under the attacks, which are on the usual course."""
    return under_submissions(load_course(USUAL))


@dataclass
class Exam:
    """One submission and what has to come of it."""

    name: str
    intake: Intake
    expected: dict[str, tuple[Status, ...]]  # of the tasks that are written
    mutant: Specimen | None = None
    endless: bool = False  # whether it goes on until its time is over
    complaints: list[str] = field(default_factory=list)


def solution(course: Course) -> dict[str, str]:
    return {name: (PROJECT / name).read_text(encoding="utf-8") for name in course.files}


def replaced(source: str, task: Task, function: str) -> str:
    """A file with another version of a task's function in its place."""
    original = find(source, task.qualified_name)
    assert original is not None, task.symbol
    lines = source.splitlines(keepends=True)
    new = textwrap.indent(function.rstrip() + "\n", " " * original.col_offset)
    return "".join([*lines[: first_line(original) - 1], new, *lines[last_line(source, original) :]])


def exam(
    name: str,
    course: Course,
    files: Mapping[str, str | bytes],
    wrong: Mapping[str, tuple[Status, ...]],
) -> Exam:
    """A submission of these files, of which all tasks but the wrong ones pass."""
    contents = {n: x.encode() if isinstance(x, str) else x for n, x in files.items()}
    student = re.sub(r"\W+", "-", name)
    expected = {task.name: (Status.PASSED,) for task in course.written} | dict(wrong)
    return Exam(name, Intake(student, name, contents, course=course), expected)


def with_function(name: str, course: Course, task: Task, function: str, *statuses: Status) -> Exam:
    """The solution with one function replaced."""
    assert task.file is not None
    files = solution(course)
    files[task.file] = replaced(files[task.file], task, function)
    wrong = {task.name: statuses} if statuses else {}
    return exam(name, course, files, wrong)


def honest_and_wrong(grader: Grader) -> Iterator[Exam]:
    """Solution, handout, mistakes, variants, and combinations of these."""
    course = grader.course
    yield exam("solution", course, solution(course), {})
    stubs = {name: grader.base[name] for name in course.files}
    yield exam("handout", course, stubs, {t.name: (Status.NOT_STARTED,) for t in course.written})
    for task in course.written:
        for mutant in mistakes(task.name):
            wrong = Status.WRONG, Status.CRASHED
            one = with_function(f"mutant {mutant}", course, task, mutant.text, *wrong)
            one.mutant = mutant
            yield one
        for variant in variants(task.name):
            yield with_function(f"variant {variant}", course, task, variant.text)
    if course.name != USUAL:
        return
    with (HERE / "examples.toml").open("rb") as file:
        examples = tomllib.load(file)["submission"]
    for example in examples:
        yield combined(example, grader)


def combined(example: Mapping, grader: Grader) -> Exam:
    """A submission of `specimens/examples.toml`."""
    course = grader.course
    files = solution(course)
    for name, choice in example["tasks"].items():
        task = course.require_task(name)
        assert task.file is not None
        kind, _, wanted = choice.rpartition(":")
        if choice == "empty":
            stub = grader.base[task.file].decode()
            function = find(stub, task.qualified_name)
            assert function is not None
            lines = stub.splitlines(keepends=True)
            text = "".join(lines[first_line(function) - 1 : last_line(stub, function)])
            text = textwrap.dedent(text)
        elif choice != "right":
            among = variants(name) if kind == "variant" else mistakes(name)
            [text] = [one.text for one in among if one.name == wanted]
        if choice != "right":
            files[task.file] = replaced(files[task.file], task, text)
    wrong = {}
    for name, status in example.get("expected", {}).items():
        failed = (Status.WRONG, Status.CRASHED)
        wrong[name] = failed if status == "wrong" else (Status(status),)
    return exam(f"example {example['name']}", course, files, wrong)


def attack_exams(folder: Path, armed: bool) -> Iterator[Exam]:
    """The attacks, all on the usual course, their placeholders filled in."""
    values = {
        "{CANARY}": str(folder / "canary"),
        "{SECRET}": str(folder / "secret"),
        "{MARKER}": MARKER,
        "{PORT}": "9",
        "{ARMED}": "yes" if armed else "no",
    }
    for attack in attacks():
        text = attack.text
        for placeholder, value in values.items():
            text = text.replace(placeholder, value)
        one = attack_exam(attack, text)
        one.endless = attack.expect == "timeout"
        yield one


def attack_exam(attack: Specimen, text: str) -> Exam:
    """The solution with the text of an attack put in its place."""
    course = load_course(USUAL)
    task = course.require_task(attack.task)
    assert task.file is not None
    kind, _, file = attack.place.partition(":")
    statuses = OUTCOMES[attack.expect]
    name = f"attack {attack.name}"
    if kind == "body":
        return with_function(name, course, task, text, *statuses)
    files: dict[str, str | bytes] = dict(solution(course))
    source = solution(course)[task.file]
    future = "from __future__ import annotations\n"
    if kind == "file":
        files[file] = text
        one = exam(name, course, {}, {})
        one.intake = taken(attack.name, files)
        return one
    if kind == "helper":
        files["helper_module.py"] = text
        text = "import helper_module  # noqa\n"
    files[task.file] = source.replace(future, future + "\n" + text + "\n", 1)
    # Whoever spoils a file at its top may spoil what imports it as well: that is no one else's.
    spoilt = {t.name: statuses if t.file == task.file else tuple(Status) for t in course.written}
    return exam(name, course, files, spoilt)


def taken(name: str, files: Mapping[str, str | bytes]) -> Intake:
    """What intake makes of a folder with these files."""
    with tempfile.TemporaryDirectory() as folder:
        for file, text in files.items():
            path = Path(folder, file)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode() if isinstance(text, str) else text)
        return take_in(Path(folder), handed_out(), student=name)


def archive_complaints(folder: Path, pattern: str) -> list[str]:
    """Hostile archives that were not refused, honest ones that were, and what was written."""
    complaints = []
    files = {name: text.encode() for name, text in solution(load_course(USUAL)).items()}
    asked = re.compile(pattern)
    for name, (write, _) in ARCHIVES.items():
        if not asked.search(f"archive {name}"):
            continue
        path = folder / "hostile.zip"
        write(path, files)
        if not take_in(path, handed_out()).refused:
            complaints.append(f"archive {name}: was not refused")
        path.unlink()
    for name, write in ODD_BUT_HONEST.items():
        if not asked.search(f"archive {name}"):
            continue
        path = folder / "odd.zip"
        write(path, files)
        if refused := take_in(path, handed_out()).refused:
            complaints.append(f"archive {name}: was refused: {refused}")
        path.unlink()
    left = sorted(p.name for p in folder.iterdir() if p.name not in ("canary", "secret"))
    return complaints + [f"archives: left {left} behind"] * bool(left)


def expected_score(one: Exam) -> float | None:
    """Points by the requirements of the tasks.

    None for attacks: a learner who breaks the parts that join the tasks loses the points for that.
    """
    if one.name.startswith("attack"):
        return None
    passed = {n for n, statuses in one.expected.items() if statuses == (Status.PASSED,)}
    tasks = one.intake.course.tasks.values()
    for task in tasks:
        if task.symbol is None and passed.issuperset(task.requires):
            passed.add(task.name)
    return sum(task.points for task in tasks if task.name in passed)


def compare(one: Exam, result: SubmissionResult) -> None:
    """Note every difference between a result and what it should be."""
    for task in result.tasks:
        wanted = one.expected.get(task.task)
        if wanted is not None and task.status not in wanted:
            words = " or ".join(sorted(wanted))
            one.complaints.append(
                f"{task.task} is {task.status} and should be {words}: {task.message[:150]}"
            )
    score = expected_score(one)
    if not one.complaints and score is not None and result.score != score:
        stands = ", ".join(f"{t.task} {t.status}" for t in result.tasks if t.points == 0)
        one.complaints.append(f"{result.score:g} points and should have {score:g}: {stands}")
    if one.mutant is not None:
        cause = next((t.finding.cause for t in result.tasks if t.finding is not None), "")
        if one.mutant.about not in cause:
            one.complaints.append(f"not named: {cause}")


def make_canary(folder: Path) -> dict[str, bytes]:
    """Files that an attack may try to change or read, open to everyone."""
    canary = folder / "canary"
    (canary / "folder").mkdir(parents=True)
    (canary / "file").write_text("untouched\n", encoding="utf-8")
    (canary / "folder" / "inner").write_text("untouched\n", encoding="utf-8")
    (folder / "secret").write_text("the secret of the class\n", encoding="utf-8")
    if os.name == "posix":
        folder.chmod(0o755)
        for path in (canary, canary / "folder"):
            path.chmod(0o777)
    return state_of(folder)


def state_of(folder: Path) -> dict[str, bytes]:
    """Names, rights, times of change and contents below a folder."""
    state = {}
    for path in sorted(folder.rglob("*")):
        about = path.lstat()
        data = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        place = str(path.relative_to(folder))
        if place != "canary":  # its own time changes with what others do beside it
            state[place] = f"{about.st_mode:o} {about.st_mtime_ns} ".encode() + data
    return state


def survivors() -> list[str]:
    """Processes and files that carry the marker."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc") else ()):
        with contextlib.suppress(OSError):
            about = (
                Path("/proc", pid, "comm").read_bytes() + Path("/proc", pid, "cmdline").read_bytes()
            )
            if MARKER.encode() in about and int(pid) != os.getpid():
                found.append(f"process {pid}: {about[:80]!r}")
    for place in ("/tmp", "/var/tmp", "/dev/shm", str(Path.home())):
        with contextlib.suppress(OSError):
            found += [f"{place}/{name}" for name in os.listdir(place) if MARKER in name]
    return found


def run_exams(grader: Grader, exams: list[Exam], jobs: int) -> None:
    """Grade all of them, and compare each as it is done."""
    # Files that are alike come out alike: what intake leaves out of most file attacks, for one.
    alike: dict[str, list[Exam]] = {}
    for one in exams:
        alike.setdefault(one.intake.sha256, []).append(one)
    by_student = {group[0].intake.student: group for group in alike.values()}
    assert len(by_student) == len(alike)
    hasty = replace(grader, limits=replace(grader.limits, seconds=ENDLESS_SECONDS))
    with tqdm(total=len(exams), unit="submission", disable=None) as bar:

        def finished(result: SubmissionResult) -> None:
            for one in by_student[result.student]:
                compare(one, result)
                for complaint in one.complaints:
                    bar.write(f"{one.name}: {complaint}", sys.stdout)
                bar.update()

        for some, endless in ((grader, False), (hasty, True)):
            firsts = [group[0] for group in alike.values()]
            intakes = [one.intake for one in firsts if one.endless is endless]
            grade_all(some, intakes, jobs, finished)


def estimate(count: int, jobs: int) -> str:
    """How long it takes, before anything has been measured on this machine."""
    minutes = max(1, round(count * SECONDS / jobs / 60))
    return f"{count} submissions, about {minutes} min, {jobs} at a time"


def kill_rows(exams: list[Exam]) -> list[tuple[str, str, str, str]]:
    """The kill table: task, mutant, mistake, verdict."""
    rows = []
    for one in exams:
        if one.mutant is not None:
            named = not one.complaints
            alive = any("should be" in text or "should have" in text for text in one.complaints)
            verdict = "SURVIVED" if alive else "named" if named else "killed"
            rows.append((one.mutant.task, one.mutant.name, one.mutant.about, verdict))
    return rows


def main(arguments: list[str]) -> int:
    about = (
        f"It begins with how long it takes: about {SECONDS:g} s a submission, shared by the jobs."
    )
    parser = ArgumentParser(prog="python -m assignment selftest", description=__doc__, epilog=about)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--tier", choices=TIERS, help="this isolation and no other")
    parser.add_argument("--quick", action="store_true", help="one in sixteen, a minute or two")
    parser.add_argument("--match", default="", metavar="REGEX", help="only those with such a name")
    parser.add_argument("--kill-table", type=Path, metavar="FILE", help="write it as HTML")
    add_course(parser)
    options = parser.parse_args(arguments)
    course = our_course(options.course)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        before = make_canary(folder)
        grader = make_grader(b"selftest", options.tier, course)
        print(f"sandbox   {grader.tier}", flush=True)
        exams = list(honest_and_wrong(grader))
        if course.name == USUAL:
            exams += attack_exams(folder, grader.tier.name != "plain")
        exams = [one for one in exams if re.search(options.match, one.name)]
        if options.quick:
            exams = exams[:2] + exams[2::16]
        print(f"exam      {estimate(len(exams), options.jobs)}", flush=True)
        run_exams(grader, exams, options.jobs)
        complaints = [text for one in exams for text in one.complaints]
        if course.name == USUAL:
            complaints += archive_complaints(folder, options.match)
        complaints += [f"left behind: {text}" for text in survivors()]
        after = state_of(folder)
        complaints += [f"changed: {n}" for n in sorted(before) if after.get(n) != before[n]]
        complaints += [f"new: {n}" for n in sorted(set(after) - set(before))]
    if options.kill_table is not None:
        write_text(options.kill_table, pages.kill_table(kill_rows(exams), course.titles))
        print(f"wrote {options.kill_table}")
    for text in complaints:
        print(text)
    print(
        f"{len(exams)} submissions, {len(complaints)} complaints, {time.monotonic() - start:.0f} s"
    )
    return 1 if complaints else 0
