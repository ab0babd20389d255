"""What a learner runs: check, watch, hint, progress."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from assignment.cases import Case, load_cases
from assignment.given import read_given, stays_behind
from assignment.results import Status, SubmissionResult, TaskResult
from assignment.sandbox.judge import judge
from assignment.sandbox.process import Worker
from assignment.screen import terminal
from assignment.tasks import PROJECT, Course, Task, add_course, load_course
from support.errors import ArgumentParser
from support.files import write_text

STATE = PROJECT / ".progress.json"  # which hints were asked for, and when a task was first passed


def run_checks(
    worker: Worker, course: Course, only: Collection[str] | None = None
) -> SubmissionResult:
    """Run the recorded cases on the files of this tree, and remember what passes."""
    names = list(course.tasks if only is None else only)

    def cases_of(task: Task) -> Sequence[Case]:
        return load_cases(task.name)

    result = collect(judge(worker, cases_of, only=only, course=course), names)
    result.intake = stays_behind(read_given(), course)
    remember(result)
    return result


def collect(tasks: Iterable[TaskResult], names: Sequence[str]) -> SubmissionResult:
    """Gather what is judged; a line on stderr says which task is running."""
    start = time.monotonic()
    result = SubmissionResult("your code", PROJECT.name, "", "")
    show_running(f"importing torch and checking {names[0]} ...")
    for task in tasks:
        result.tasks.append(task)
        if len(result.tasks) < len(names):
            show_running(f"checking {names[len(result.tasks)]} ...")
    show_running("")
    result.seconds = time.monotonic() - start
    return result


def show_running(text: str) -> None:
    """Say what goes on, on a line that the next one replaces; nothing where nobody looks."""
    if sys.stderr.isatty():
        print(f"\r\x1b[2K{text}", end="", file=sys.stderr, flush=True)


def show(result: SubmissionResult, course: Course) -> None:
    """The one screen of a check, and what to do next."""
    width = min(shutil.get_terminal_size((100, 24)).columns, 120)
    print(terminal(result, colour=sys.stdout.isatty(), width=width), end="")
    unfinished = [task for task in result.tasks if task.status is not Status.PASSED]
    if not unfinished:
        print("\nall passed" + ("" if len(result.tasks) < len(course.tasks) else ": submit it"))
        return
    failed = [t for t in unfinished if t.status not in (Status.NOT_STARTED, Status.BLOCKED)]
    task = (failed or unfinished)[0].task
    place = course.tasks[task].symbol or "the parts that it needs"
    print(f"\nnext: {task} ({place}); python -m assignment hint {task}")


def chosen(command: str, description: str, arguments: list[str]) -> tuple[Course, list[str] | None]:
    """The course and the tasks that a command line names; None for all of them."""
    parser = ArgumentParser(prog=f"python -m assignment {command}", description=description)
    parser.add_argument("task", nargs="*", help="only these tasks (default: all)")
    add_course(parser)
    options = parser.parse_args(arguments)
    course = load_course(options.course)
    return course, [course.require_task(name).name for name in options.task] or None


def check(arguments: list[str]) -> int:
    """Run all tasks, or the ones that are named."""
    course, names = chosen("check", "Check what you have written so far.", arguments)
    with Worker(PROJECT, confine=False) as worker:
        result = run_checks(worker, course, names)
    show(result, course)
    return 0 if all(task.status is Status.PASSED for task in result.tasks) else 1


def watch(arguments: list[str]) -> int:
    """Check again whenever one of the files is saved."""
    course, names = chosen("watch", "Check on every save, until Ctrl-C.", arguments)
    with Worker(PROJECT, confine=False) as worker:
        try:
            while True:
                seen = stamps(course)
                result = run_checks(worker, course, names)
                if sys.stdout.isatty():
                    print("\x1b[H\x1b[2J\x1b[3J", end="")
                show(result, course)
                now = time.strftime("%H:%M:%S")
                print(
                    f"{now}, {result.seconds:.1f} s; waiting for a save (Ctrl-C ends)", flush=True
                )
                while stamps(course) == seen:
                    time.sleep(0.2)
        except KeyboardInterrupt:
            print()
    return 0


def stamps(course: Course) -> dict[Path, tuple[int, int]]:
    """Time and size of the course's files and of all at the top, which a save changes."""
    found = {}
    for path in {*PROJECT.glob("*.py"), *(PROJECT / name for name in course.files)}:
        try:
            about = path.stat()
        except OSError:  # an editor that replaces the file
            continue
        found[path] = (about.st_mtime_ns, about.st_size)
    return found


def hint(arguments: list[str]) -> int:
    """Show the hints to a task, one more each time."""
    parser = ArgumentParser(
        prog="python -m assignment hint", description="The next of a task's three hints."
    )
    parser.add_argument("task", help=f"for example {next(iter(load_course().tasks))}")
    add_course(parser)
    options = parser.parse_args(arguments)
    task = load_course(options.course).require_task(options.task)
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
    """How each task stood when it was checked last, when it first passed, and what is left."""
    parser = ArgumentParser(
        prog="python -m assignment progress",
        description="How each task stood at its last check, and the time that the others take.",
    )
    add_course(parser)
    state, tasks = read_state(), load_course(parser.parse_args(arguments).course).tasks
    passed = [task for task in tasks.values() if state["last"].get(task.name) == Status.PASSED]
    full = round(30 * sum(t.points for t in passed) / sum(t.points for t in tasks.values()))
    print(f"[{'#' * full}{'.' * (30 - full)}] {len(passed)} of {len(tasks)} tasks\n")
    longest = max(map(len, tasks))
    for task in tasks.values():
        when, last = state["passed"].get(task.name), state["last"].get(task.name)
        hints = state["hints"].get(task.name, 0)
        about = f"passed {when}" if when else f"about {task.minutes} minutes"
        if when and task not in passed:
            about = f"{last or 'not checked'} now, {about}"
        print(
            f"  {task.name:<{longest}} {task.points:>4g} points   {about}"
            + f", hints: {hints}" * bool(hints)
        )
    left = sum(task.minutes for task in tasks.values() if task not in passed)
    print(f"\nabout {left / 60:.1f} hours to go" if left else "\nnothing left: submit it")
    return 0


def read_state() -> dict[str, dict]:
    """What was remembered; nothing where the file is missing or damaged, for it is no loss."""
    try:
        state = json.loads(STATE.read_text(encoding="utf-8"))
        return {name: dict(state[name]) for name in ("hints", "passed", "last")}
    except (OSError, ValueError, KeyError, TypeError):
        return {"hints": {}, "passed": {}, "last": {}}


def remember(result: SubmissionResult) -> None:
    """Note how each task stands, and when it was passed for the first time."""
    state = read_state()
    before = json.dumps(state)
    for task in result.tasks:
        state["last"][task.task] = task.status.value
        if task.status is Status.PASSED:
            state["passed"].setdefault(task.task, time.strftime("%Y-%m-%d %H:%M"))
    if json.dumps(state) != before:
        write_text(STATE, json.dumps(state, indent=1) + "\n")
