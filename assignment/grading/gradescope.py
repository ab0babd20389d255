"""`python -m assignment gradescope OUT.zip`: the package that Gradescope runs submissions with.

The platform unpacks it to /autograder/source, runs `setup.sh` once and `run_autograder` for each
submission, and reads /autograder/results/results.json.
"""

from __future__ import annotations

import json
import secrets
import time
from pathlib import Path

from assignment.grading import exports
from assignment.grading.courses import our_course
from assignment.grading.grade import read_secret
from assignment.grading.grader import make_grader, nothing_earned
from assignment.grading.handout import RECORDED, alone, given_files, zipped
from assignment.results import SubmissionResult
from assignment.sandbox.intake import take_in
from assignment.sandbox.process import Worker
from assignment.tasks import PROJECT, Course, add_course, load_course
from support.errors import ArgumentParser
from support.files import atomic_path, write_text

SECRET = Path(__file__).with_name("secret")  # in a package, where it is unpacked
# What grading itself reads, whether or not a course gives it to its learners.
READ = ("data/__init__.py", *(f"sentiment/{n}.py" for n in ("__init__", "reviews", "tables")))
SETUP = """\
#!/usr/bin/env bash
# Runs once, as root, when the platform builds the image.
set -eu
cd "$(dirname "$0")/min-llama"
apt-get update
apt-get install -y bubblewrap
apt-get install -y python3.11 python3.11-venv || apt-get install -y python3 python3-venv
bash setup.sh --core
"""
RUN = """\
#!/usr/bin/env bash
# Runs for each submission, as root.
root="${AUTOGRADER:-/autograder}"
cd "$(dirname "$0")/min-llama"
exec .venv/bin/python -m assignment gradescope --run "$root"
"""


def package(out: Path, secret: bytes, course: Course) -> int:
    """Write the package of a course; returns how many files it holds."""
    names = (
        given_files(course) | set(course.files) | {"pyproject.toml", "README.md", RECORDED, *READ}
    )
    for path in (PROJECT / "assignment" / "grading").rglob("*.*"):
        if path.suffix in (".py", ".md", ".css"):
            names.add(path.relative_to(PROJECT).as_posix())
    contents = {f"min-llama/{name}": (PROJECT / name).read_bytes() for name in names}
    contents[f"min-llama/assignment/courses/{course.name}.toml"] = alone(course).encode()
    contents |= {"setup.sh": SETUP.encode(), "run_autograder": RUN.encode()}
    contents[f"min-llama/{SECRET.relative_to(PROJECT).as_posix()}"] = secret + b"\n"
    with atomic_path(out) as temporary:
        executable = ("setup.sh", "run_autograder", "min-llama/setup.sh")
        temporary.write_bytes(zipped(dict(sorted(contents.items())), executable))
    return len(contents)


def run(root: Path) -> None:
    """Grade /autograder/submission; a report exists from the first moment on."""
    start = time.monotonic()
    course = our_course()
    results = root / "results" / "results.json"

    def save(result: SubmissionResult) -> None:
        seconds = round(time.monotonic() - start)
        data = exports.gradescope(result, course.titles, execution_time=seconds)
        write_text(results, json.dumps(data, indent=1) + "\n")

    unfinished = SubmissionResult("submission", "submission", "", "none yet")
    unfinished.tasks = nothing_earned("grading was cut off before this task", course)
    save(unfinished)
    grader = make_grader(read_secret(SECRET), course=course)
    intake = take_in(root / "submission", grader.base, student="submission")
    with Worker(tier=grader.tier.name) as worker:

        def tell(result: SubmissionResult) -> None:
            done = {task.task: task for task in result.tasks}
            tasks = [done.get(task.task, task) for task in unfinished.tasks]
            save(SubmissionResult("submission", "submission", "", str(grader.tier), tasks=tasks))

        save(grader.grade(intake, worker, tell))


def main(arguments: list[str]) -> int:
    parser = ArgumentParser(
        prog="python -m assignment gradescope", description="Build the package for Gradescope."
    )
    parser.add_argument("out", nargs="?", type=Path, metavar="OUT.zip")
    parser.add_argument("--secret", type=Path, metavar="FILE", help="default: a new one")
    parser.add_argument("--run", type=Path, metavar="DIR", help="what run_autograder calls")
    add_course(parser)
    options = parser.parse_args(arguments)
    if options.run is not None:
        run(options.run)
        return 0
    if options.out is None or options.out.suffix != ".zip":
        raise ValueError(f"{options.out or 'no file given'}: give the package a name in .zip")
    secret = read_secret(options.secret) if options.secret else secrets.token_hex(32).encode()
    count = package(options.out, secret, load_course(options.course))
    print(f"wrote {options.out}: {count} files, {options.out.stat().st_size / 1e6:.1f} MB")
    print("upload it as the autograder of a programming assignment")
    return 0
