"""A result for other programs: a class's spreadsheet, Gradescope's `results.json`."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from assignment.results import Status, SubmissionResult, TaskResult
from assignment.screen import details, printed, tally
from assignment.text import capital, line, number

# What a spreadsheet takes for a formula, full-width forms included; also after a semicolon,
# which parts the cells of a CSV file where the comma is the decimal sign.
FORMULA = re.compile(r"(^|;)(\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")


def class_csv(results: Sequence[SubmissionResult], task_names: Sequence[str]) -> str:
    """One row for each student, by RFC 4180; no cell is a formula."""
    heads = ["student", "source", "score", "max"]
    heads += [f"{name} {what}" for name in task_names for what in ("points", "status")]
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([_cell(head) for head in [*heads, "flags", "refused"]])
    for result in results:
        tasks = {task.task: task for task in result.tasks}
        row = [_cell(result.student), _cell(result.source)]
        row += [number(result.score), number(result.max_score)]
        for name in task_names:
            task = tasks.get(name)
            row += [number(task.points), task.status.value] if task else ["0", ""]
        flags = sum(len(task.flags) for task in result.tasks)
        writer.writerow([*row, str(flags), _cell(result.refused)])
    return file.getvalue()


def gradescope(
    result: SubmissionResult, titles: Mapping[str, str], *, execution_time: float
) -> dict[str, Any]:
    """Gradescope's `results.json`; also of a result that nothing has been graded of yet."""
    text = [tally(result) or "nothing was graded", f"sandbox: {line(result.sandbox)}"]
    if result.refused:
        text.insert(0, f"refused: {line(result.refused, 600)}")
    text += [line(said) for said in result.intake[:100]]
    text += [f"{grade}: {line(reason, 600)}" for grade, reason in result.rubric.items()]
    return {
        "score": round(result.score, 4),
        "execution_time": round(execution_time, 3),
        "output": "\n".join(text),
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [
            _test(task, str(i), titles.get(task.task, task.task))
            for i, task in enumerate(result.tasks, start=1)
        ],
    }


def _test(task: TaskResult, place: str, title: str) -> dict[str, Any]:
    lines = [line(task.message, 600)] if task.message else []
    lines += details(task) + printed(task, 100) + [f"flag      {line(flag)}" for flag in task.flags]
    output = f"**{task.status.value}**" + (f"\n\n{_fenced(lines)}" if lines else "")
    return {
        "score": round(task.points, 4),
        "max_score": round(task.max_points, 4),
        "status": "passed" if task.status is Status.PASSED else "failed",
        "name": capital(line(title)),
        "number": place,
        "output": output,
        "output_format": "md",
        "tags": [],
        "visibility": "visible",
    }


def _fenced(lines: Sequence[str]) -> str:
    """Lines as a block of code, within a fence that none of them can close."""
    text = "\n".join(lines)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text}\n{fence}"


def _cell(text: str) -> str:
    return FORMULA.sub(r"\1'\2", line(text, 1000))
