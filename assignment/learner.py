"""What a learner runs: check, watch, hint, progress, submit."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Collection
from pathlib import Path

from assignment.cases import load_cases
from assignment.intake import Intake, shadowed, take_in
from assignment.judge import judge
from assignment.report.screen import terminal
from assignment.results import Status, SubmissionResult
from assignment.sandbox import Worker
from assignment.tasks import FILES, PROJECT, load_tasks, require_task
from support.errors import ArgumentParser
from support.files import atomic_path, require_writable, write_text

STATE = PROJECT / ".progress.json"  # which hints were asked for, and when a task was first passed


def run_checks(worker: Worker, only: Collection[str] | None = None) -> SubmissionResult:
    """Run the recorded cases on the files of this tree; a line on stderr says which is running."""
    start = time.monotonic()
    result = SubmissionResult("your code", PROJECT.name, "", "")
    names = list(load_tasks() if only is None else only)
    show_running(f"importing torch and checking {names[0]} ...")
    for task in judge(worker, lambda task: load_cases(task.name), only=only):
        result.tasks.append(task)
        if len(result.tasks) < len(names):
            show_running(f"checking {names[len(result.tasks)]} ...")
    show_running("")
    result.seconds = time.monotonic() - start
    remember_passed(result)
    return result


def show_running(text: str) -> None:
    """Say what goes on, on a line that the next one replaces; nothing where nobody looks."""
    if sys.stderr.isatty():
        print(f"\r\x1b[2K{text}", end="", file=sys.stderr, flush=True)


def show(result: SubmissionResult) -> None:
    """The one screen of a check, and what to do next."""
    width = min(shutil.get_terminal_size((100, 24)).columns, 120)
    print(terminal(result, colour=sys.stdout.isatty(), width=width), end="")
    unfinished = [task for task in result.tasks if task.status is not Status.PASSED]
    if not unfinished:
        print("\nall passed" + ("" if len(result.tasks) < len(load_tasks()) else ": submit it"))
        return
    failed = [t for t in unfinished if t.status not in (Status.NOT_STARTED, Status.BLOCKED)]
    task = (failed or unfinished)[0].task
    place = load_tasks()[task].symbol or "the parts that it needs"
    print(f"\nnext: {task} ({place}); python -m assignment hint {task}")


def chosen_tasks(command: str, description: str, arguments: list[str]) -> list[str] | None:
    """The tasks that a command line names; None for all."""
    parser = ArgumentParser(prog=f"python -m assignment {command}", description=description)
    parser.add_argument("task", nargs="*", help="only these tasks (default: all)")
    return [require_task(name).name for name in parser.parse_args(arguments).task] or None


def check(arguments: list[str]) -> int:
    """Run all tasks, or the ones that are named."""
    names = chosen_tasks("check", "Check what you have written so far.", arguments)
    with Worker(PROJECT, confine=False) as worker:
        result = run_checks(worker, names)
    show(result)
    return 0 if all(task.status is Status.PASSED for task in result.tasks) else 1


def watch(arguments: list[str]) -> int:
    """Check again whenever one of the files is saved."""
    names = chosen_tasks("watch", "Check on every save, until Ctrl-C.", arguments)
    with Worker(PROJECT, confine=False) as worker:
        try:
            while True:
                seen = stamps()
                result = run_checks(worker, names)
                if sys.stdout.isatty():
                    print("\x1b[H\x1b[2J\x1b[3J", end="")
                show(result)
                now = time.strftime("%H:%M:%S")
                print(
                    f"{now}, {result.seconds:.1f} s; waiting for a save (Ctrl-C ends)", flush=True
                )
                while stamps() == seen:
                    time.sleep(0.2)
        except KeyboardInterrupt:
            print()
    return 0


def stamps() -> dict[str, tuple[int, int]]:
    """Time and size of every Python file at the top, which a save changes."""
    found = {}
    for path in PROJECT.glob("*.py"):
        try:
            about = path.stat()
        except OSError:  # an editor that replaces the file
            continue
        found[path.name] = (about.st_mtime_ns, about.st_size)
    return found


def hint(arguments: list[str]) -> int:
    """Show the hints to a task, one more each time."""
    parser = ArgumentParser(
        prog="python -m assignment hint", description="The next of a task's three hints."
    )
    parser.add_argument("task", help=", ".join(load_tasks()))
    task = require_task(parser.parse_args(arguments).task)
    state = read_state()
    shown = min(state["hints"].get(task.name, 0) + 1, len(task.hints))
    for number, text in enumerate(task.hints[:shown], start=1):
        print(f"{number}. {' '.join(text.split())}\n")
    left = len(task.hints) - shown
    print(f"{left} more: run this again" if left else "these are all; guide.md tells the idea")
    state["hints"][task.name] = shown
    write_text(STATE, json.dumps(state, indent=1) + "\n")
    return 0


def progress(arguments: list[str]) -> int:
    """What was passed, when it was passed first, and what is left."""
    ArgumentParser(
        prog="python -m assignment progress",
        description="Which tasks have passed a check so far, and the time that the others take.",
    ).parse_args(arguments)
    state, tasks = read_state(), load_tasks()
    passed = [task for task in tasks.values() if task.name in state["passed"]]
    full = round(30 * sum(t.points for t in passed) / sum(t.points for t in tasks.values()))
    print(f"[{'#' * full}{'.' * (30 - full)}] {len(passed)} of {len(tasks)} tasks\n")
    for task in tasks.values():
        when = state["passed"].get(task.name)
        hints = state["hints"].get(task.name, 0)
        about = f"passed {when}" if when else f"about {task.minutes} minutes"
        print(
            f"  {task.name:<12}{task.points:>4g} points   {about}"
            + f", hints: {hints}" * bool(hints)
        )
    left = sum(task.minutes for task in tasks.values() if task not in passed)
    print(f"\nabout {left / 60:.1f} hours to go" if left else "\nnothing left: submit it")
    return 0


def read_state() -> dict[str, dict]:
    """What was remembered; nothing where the file is missing or damaged, for it is no loss."""
    try:
        state = json.loads(STATE.read_text(encoding="utf-8"))
        return {"hints": dict(state["hints"]), "passed": dict(state["passed"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {"hints": {}, "passed": {}}


def remember_passed(result: SubmissionResult) -> None:
    """Note when a task was passed for the first time."""
    state = read_state()
    new = {t.task for t in result.tasks if t.status is Status.PASSED} - state["passed"].keys()
    if new:
        state["passed"] |= {name: time.strftime("%Y-%m-%d %H:%M") for name in sorted(new)}
        write_text(STATE, json.dumps(state, indent=1) + "\n")


def submit(arguments: list[str]) -> int:
    """Make the zip to hand in, and run the grader's own intake on it."""
    parser = ArgumentParser(
        prog="python -m assignment submit", description="Make ID.zip, and see that it is complete."
    )
    parser.add_argument("id", metavar="ID", help="your name or number: the name of the zip")
    parser.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="default: here")
    options = parser.parse_args(arguments)
    plain = options.id.isprintable() and not set(options.id) & set('/\\:*?"<>|')
    if not options.id or not plain or options.id != options.id.strip(". "):
        raise ValueError(f"ID {options.id!r}: letters, digits, - and _ make a file name everywhere")
    out = options.out / f"{options.id}.zip"
    require_writable(out)
    missing = [name for name in FILES if not (PROJECT / name).exists()]
    if missing:
        raise ValueError(f"missing: {', '.join(missing)}; put them beside {PROJECT / 'config.py'}")
    own = {path.name for path in PROJECT.glob("*.py")} - set(FILES)
    helpers = sorted(name for name in own if shadowed(name) is None)
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / out.name
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
            for name in (*FILES, *helpers):
                file.write(PROJECT / name, f"{options.id}/{name}")
        intake = take_in(archive)
        if intake.refused:
            raise ValueError(f"the grader would refuse it: {intake.refused}")
        with atomic_path(out) as temporary:
            shutil.copyfile(archive, temporary)
    say_taken(intake, out)
    return 0


def say_taken(intake: Intake, out: Path) -> None:
    print(f"wrote {out}: {', '.join(sorted(intake.files))}")
    for note in intake.notes:
        print(f"  {note}")
    print("the grader takes it; python -m assignment check says what it is worth by these checks")
