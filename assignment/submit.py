"""`python -m assignment submit ID`: the zip to hand in, tried as the grader will."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

from assignment.cases import load_cases
from assignment.given import own_modules, read_given, stays_behind
from assignment.learner import collect, show
from assignment.sandbox.folders import fill
from assignment.sandbox.intake import Intake, take
from assignment.sandbox.judge import judge_over
from assignment.sandbox.members import file_member
from assignment.sandbox.process import Worker
from assignment.sandbox.tiers import choose_tier
from assignment.tasks import PROJECT, load_course
from support.errors import ArgumentParser
from support.files import atomic_path, require_writable


def submit(arguments: list[str]) -> int:
    """Make the zip to hand in, then grade it by the recorded cases, in a fresh handout."""
    parser = ArgumentParser(
        prog="python -m assignment submit",
        description="Make ID.zip, and try it as the grader will: in a fresh handout, confined.",
    )
    parser.add_argument("id", metavar="ID", help="your name or number: the name of the zip")
    parser.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="default: here")
    options = parser.parse_args(arguments)
    plain = options.id.isprintable() and not set(options.id) & set('/\\:*?"<>|')
    if not options.id or not plain or options.id != options.id.strip(". "):
        raise ValueError(f"ID {options.id!r}: letters, digits, - and _ make a file name everywhere")
    given = read_given()
    if not given:
        raise ValueError("submit runs in a handout: python -m assignment handout DIR makes one")
    out = options.out / f"{options.id}.zip"
    require_writable(out)
    course = load_course()
    missing = [name for name in course.files if not (PROJECT / name).exists()]
    if missing:
        raise ValueError(f"missing: {', '.join(missing)}; put them where they were, in {PROJECT}")
    with atomic_path(out) as temporary:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as file:
            for name in (*course.files, *own_modules(given, course)):
                file.write(PROJECT / name, f"{options.id}/{name}")
        intake = take(Intake(options.id, out.name), [file_member(temporary, out.name)], given)
        if intake.refused:
            raise ValueError(f"the grader would refuse it: {intake.refused}")
    print(f"wrote {out}: {', '.join(sorted(intake.files))}", flush=True)
    try_out(intake, given)
    return 0


def try_out(intake: Intake, given: dict[str, bytes]) -> None:
    """Run what was taken in over a fresh handout, and show what the grader would."""
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), given)
        tier = choose_tier(Path(folder))
    with Worker(tier=tier.name) as worker:
        tasks = judge_over(worker, given, intake.files, lambda task: load_cases(task.name))
        result = collect(tasks, list(intake.course.tasks))
    result.student, result.source, result.sandbox = intake.student, intake.source, str(tier)
    result.intake = intake.notes
    for text in stays_behind(given, intake.course):
        print(f"stays behind: {text}")
    print("the grader takes it; in a fresh handout, by the recorded cases, it stands so:\n")
    show(result, intake.course)
