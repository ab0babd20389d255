"""A result in plain lines: the terminal's one screen, and the details that Gradescope shows."""

from __future__ import annotations

import textwrap

from assignment.results import Status, SubmissionResult, TaskResult
from assignment.text import DASH, clean, columns, fit, line, number, pad

# What a status looks like beside its word, for those who do not see colours.
SIGNS = {
    Status.PASSED: "✓",
    Status.NOT_STARTED: "○",
    Status.BLOCKED: DASH,
    Status.WRONG: "✗",
    Status.CRASHED: "!",
    Status.TIMEOUT: "T",
    Status.MEMORY: "M",
}
ANSI = {
    Status.PASSED: "32",
    Status.NOT_STARTED: "2",
    Status.BLOCKED: "2",
    Status.WRONG: "31",
    Status.CRASHED: "33",
    Status.TIMEOUT: "33",
    Status.MEMORY: "33",
}
FAILED = (Status.WRONG, Status.CRASHED, Status.TIMEOUT, Status.MEMORY)
PRINTED = 10_000  # characters of what the code printed


def terminal(result: SubmissionResult, *, colour: bool, width: int) -> str:
    """One screen: the score, each task, and the first failure in full."""
    lines = [*_headline(result, colour, width), ""]
    if result.refused:
        lines += _wrapped(f"refused: {line(result.refused, 600)}", "  ", width)
    else:
        lines += [_row(task, result, colour, width) for task in result.tasks]
    failed = next((task for task in result.tasks if task.status in FAILED), None)
    if failed is not None:
        title = f"{failed.task}: {line(failed.message or failed.status.value, 300)}"
        lines += ["", *_wrapped(title, "", width, _paint(failed.status, colour))]
        for text in details(failed):
            lines += _wrapped(text, "    ", width)
        lines += [f"    {fit(text, width - 4)}" for text in printed(failed, 6)]
    lines += _asides(result, width)
    return "\n".join(lines) + "\n"


def details(task: TaskResult) -> list[str]:
    """The failing case and the first divergence, as `key       value` lines."""
    lines = []
    if task.finding is not None:
        found = task.finding
        hidden = " (hidden: not among your checks)" if found.hidden else ""
        lines.append(f"case      {line(found.case)}: {line(found.about, 300)}{hidden}")
        lines += [f"output    {line(found.output)}"] if found.output else []
        lines += [clean(text, 300).replace("\n", " ") for text in found.difference]
        lines += [f"likely    {line(found.cause, 600)}"] if found.cause else []
    wrong = first_divergence(task.stages)
    if wrong is not None:
        before = f" ({line(task.stages[wrong - 1][0])} is right)" if wrong else ""
        lines.append(f"diverges  first at {line(task.stages[wrong][0])}{before}")
    return lines


def printed(task: TaskResult, most: int) -> list[str]:
    """The last lines of what the code printed; an error stands at the end."""
    lines = clean(task.printed, PRINTED).strip("\n").split("\n")
    return ["printed", *(f"  {text}" for text in lines[-most:])] if any(lines) else []


def first_divergence(stages: list[tuple[str, bool]]) -> int | None:
    """The place of the first stage that is wrong."""
    return next((i for i, (_, right) in enumerate(stages) if not right), None)


def tally(result: SubmissionResult) -> str:
    """How many tasks there are of each status, for example "3 passed, 1 wrong"."""
    counts = {s: sum(task.status is s for task in result.tasks) for s in Status}
    return ", ".join(f"{n} {status.value}" for status, n in counts.items() if n)


def _headline(result: SubmissionResult, colour: bool, width: int) -> list[str]:
    score = f"{number(result.score)} of {number(result.max_score)} points"
    name = pad(line(result.student), width - columns(score) - 2)
    passed = sum(task.status is Status.PASSED for task in result.tasks)
    told = f"  {passed} of {len(result.tasks)} tasks"
    room = max(width - columns(told), 0)
    share = result.score / result.max_score if result.max_score else 0.0
    full = round(room * min(max(share, 0.0), 1.0))
    start, end = _paint(Status.PASSED, colour)
    return [f"{name}  {score}", f"{start}{'█' * full}{end}{'░' * (room - full)}{told}"]


def _row(task: TaskResult, result: SubmissionResult, colour: bool, width: int) -> str:
    start, end = _paint(task.status, colour)
    names = min(max(columns(line(other.task)) for other in result.tasks), 16)
    points = f"{number(task.points)}/{number(task.max_points)}"
    # sign, name, status and points take the same room in each row; the message gets the rest
    used = 2 + 2 + names + 2 + 11 + 1 + 7 + 2
    message = fit(line(task.message), width - used) if task.status is not Status.PASSED else ""
    text = (
        f"  {start}{SIGNS[task.status]}{end} {pad(line(task.task), names)}  "
        f"{start}{task.status.value:<11}{end} {points:>7}  {message}"
    )
    return text.rstrip()


def _asides(result: SubmissionResult, width: int) -> list[str]:
    """What came in otherwise, and what a human should look at."""
    flags = [f"{task.task}: {flag}" for task in result.tasks for flag in task.flags]
    lines = []
    for about, texts in (("intake", result.intake), ("flag", flags)):
        shown = [f"{about:<10}{line(text)}" for text in texts[:3]]
        if len(texts) > 3:
            shown.append(f"{'':<10}and {len(texts) - 3} more")
        lines += [""] * bool(shown) + [f"  {fit(text, width - 2)}" for text in shown]
    return lines


def _wrapped(text: str, indent: str, width: int, paint: tuple[str, str] = ("", "")) -> list[str]:
    """A `key       value` line, its value kept to its own column."""
    key, _, value = text.partition("  ")
    hang = indent + " " * (10 if value and len(key) < 10 else 2)
    wrapped = textwrap.wrap(
        text,
        max(width, 30),
        initial_indent=indent,
        subsequent_indent=hang,
        drop_whitespace=True,
        replace_whitespace=True,
    )
    return [f"{paint[0]}{fit(part, max(width, 30))}{paint[1]}" for part in wrapped]


def _paint(status: Status, colour: bool) -> tuple[str, str]:
    return (f"\x1b[{ANSI[status]}m", "\x1b[0m") if colour else ("", "")
