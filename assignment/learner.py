"""What a learner runs: check, watch, hint, progress."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Collection, Iterable, Sequence

from assignment.cases import load_cases
from assignment.given import read_given, stays_behind
from assignment.results import Status, SubmissionResult, TaskResult
from assignment.sandbox.judge import judge
from assignment.sandbox.process import Worker
from assignment.screen import terminal
from assignment.tasks import PROJECT, load_tasks, require_task
from support.errors import ArgumentParser
from support.files import write_text

STATE = PROJECT / ".progress.json"  # which hints were asked for, and when a task was first passed


def run_checks(worker: Worker, only: Collection[str] | None = None) -> SubmissionResult:
    """Run the recorded cases on the files of this tree, and remember what passes."""
    names = list(load_tasks() if only is None else only)
    result = collect(judge(worker, lambda task: load_cases(task.name), only=only), names)
    result.intake = stays_behind(read_given())
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
    """How each task stood when it was checked last, when it first passed, and what is left."""
    ArgumentParser(
        prog="python -m assignment progress",
        description="How each task stood at its last check, and the time that the others take.",
    ).parse_args(arguments)
    state, tasks = read_state(), load_tasks()
    passed = [task for task in tasks.values() if state["last"].get(task.name) == Status.PASSED]
    full = round(30 * sum(t.points for t in passed) / sum(t.points for t in tasks.values()))
    print(f"[{'#' * full}{'.' * (30 - full)}] {len(passed)} of {len(tasks)} tasks\n")
    for task in tasks.values():
        when, last = state["passed"].get(task.name), state["last"].get(task.name)
        hints = state["hints"].get(task.name, 0)
        about = f"passed {when}" if when else f"about {task.minutes} minutes"
        if when and task not in passed:
            about = f"{last or 'not checked'} now, {about}"
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
