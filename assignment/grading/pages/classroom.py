"""Pages for teachers: a class at a glance, and which mistakes the checks catch."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from assignment.grading.pages.markup import (
    Markup,
    bar,
    chip,
    document,
    el,
    fact,
    kind,
    mono,
    someone,
    warned,
)
from assignment.results import Status, SubmissionResult
from assignment.text import DASH, capital, line, number

BINS = 10
CAUSES = 15  # the most frequent ones


def class_page(results: Sequence[SubmissionResult], titles: Mapping[str, str]) -> str:
    """Students x tasks, how scores are spread, what was hard, and why."""
    names = [name for name in titles if any(_has(result, name) for result in results)]
    names += sorted({task.task for r in results for task in r.tasks} - set(names))
    return document(
        f"The class: {len(results)} submissions",
        _header(results),
        _grid(results, names),
        el(
            "div",
            _distribution(results),
            _pass_rates(results, names, titles),
            class_="halves",
        ),
        _causes(results, titles),
    )


def kill_table(rows: Sequence[tuple[str, str, str, str]], titles: Mapping[str, str]) -> str:
    """Each classic mistake and whether the checks named it, killed it, or let it pass.

    Rows are (task, mutant, mistake, verdict), the verdict "named", "killed" or "SURVIVED".
    """
    counts = Counter(verdict for *_, verdict in rows)
    survived = counts["SURVIVED"]
    facts = [
        fact("mistakes", str(len(rows))),
        fact("named", str(counts["named"])),
        fact("killed, not named", str(counts["killed"])),
        fact("survived", str(survived)),
    ]
    groups = [_mistakes(task, rows, titles) for task in dict.fromkeys(row[0] for row in rows)]
    heads = [el("th", head, scope="col") for head in ("An implementation that", "Verdict")]
    about = (
        "Each row is a task with one classic mistake in it. The checks must kill it; they name it "
        "when the wrong output is one on record."
    )
    return document(
        "Which mistakes the checks catch",
        el(
            "header",
            el("h1", "Which mistakes the checks catch"),
            el("p", about, class_="soft"),
            el("dl", *facts, class_="figures"),
        ),
        el("section", el("table", el("thead", el("tr", *heads)), *groups, class_="kills")),
    )


def _mistakes(
    task: str, rows: Sequence[tuple[str, str, str, str]], titles: Mapping[str, str]
) -> Markup:
    signs = {"named": ("✓", "passed"), "killed": ("✓", "waiting")}
    name = capital(titles.get(task, task))
    lines = [el("tr", el("th", name, " ", mono(task), colspan=2, scope="rowgroup"))]
    for of, mutant, mistake, verdict in rows:
        if of != task:
            continue
        sign, colour = signs.get(verdict, ("✗", "wrong"))
        mark = el("span", sign, class_="sign", aria_hidden="true")
        cell = el("td", el("span", mark, el("span", verdict), class_=f"chip {colour}"))
        lines.append(el("tr", el("th", mistake, " ", mono(mutant), scope="row"), cell))
    return el("tbody", *lines)


def _header(results: Sequence[SubmissionResult]) -> Markup:
    scores = [result.score for result in results]
    most = max((result.max_score for result in results), default=0.0)
    facts = [fact("submissions", str(len(results)))]
    if scores:
        facts += [
            fact("mean score", f"{number(statistics.fmean(scores))} / {number(most)}"),
            fact("median", number(statistics.median(scores))),
            fact("range", f"{number(min(scores))}{DASH}{number(max(scores))}"),
        ]
    refused = sum(bool(result.refused) for result in results)
    if refused:
        facts.append(fact("refused", str(refused)))
    warnings = [warned(text) for text in dict.fromkeys(result.warning for result in results)]
    figures = el("dl", *facts, class_="figures")
    courses = [el("p", r, class_="soft") for r in dict.fromkeys(each.course for each in results)]
    return el("header", el("h1", "The class at a glance"), *courses, figures, *warnings)


def _grid(results: Sequence[SubmissionResult], names: Sequence[str]) -> Markup:
    heads = [el("th", "Student", scope="col"), el("th", "Score", scope="col", class_="number")]
    heads += [el("th", el("span", mono(name)), scope="col", class_="turned") for name in names]
    rows = [_student(result, names) for result in results]
    table = el("table", el("thead", el("tr", *heads)), el("tbody", *rows), class_="grid")
    legend = el("p", *(chip(status) for status in Status), class_="key", aria_hidden="true")
    # A class with many tasks scrolls inside its own box, also by keys.
    box = el("div", table, class_="scroll", tabindex=0, role="region", aria_label="tasks")
    return el("section", el("h2", "Students and tasks"), legend, box)


def _student(result: SubmissionResult, names: Sequence[str]) -> Markup:
    tasks = {task.task: task for task in result.tasks}
    link = f"reports/{quote(result.student, safe='', errors='replace')}.html"
    name = el("a", someone(line(result.student, 80)), href=link, title=line(result.student, 80))
    flags = sum(len(task.flags) for task in result.tasks)
    notes = ["late"] * result.late + [f"{flags} flagged"] * bool(flags)
    note = el("small", " ", ", ".join(notes)) if notes else None
    cells = [
        el("th", name, note, scope="row"),
        el("td", number(result.score), class_="number"),
    ]
    if result.refused:
        said = el("span", f"refused: {line(result.refused, 300)}")
        return el("tr", *cells, el("td", said, colspan=max(len(names), 1), class_="cell wrong"))
    for task_name in names:
        task = tasks.get(task_name)
        if task is None:
            cells.append(el("td", el("span", "no result", class_="unseen")))
        else:
            status = task.status
            about = f"{task_name}: {status.value}"
            cells.append(el("td", chip(status), class_=f"cell {kind(status)}", title=about))
    return el("tr", *cells)


def _distribution(results: Sequence[SubmissionResult]) -> Markup:
    """How many students lie in each tenth of the points."""
    counts = [0] * BINS
    for result in results:
        share = result.score / result.max_score if result.max_score else 0.0
        counts[min(int(share * BINS), BINS - 1)] += 1
    most = max([*counts, 1])
    rows = [
        _measured(f"{100 * i // BINS}{DASH}{100 * (i + 1) // BINS}%", n / most, str(n), "accent")
        for i, n in reversed(list(enumerate(counts)))
    ]
    return el("section", el("h2", "Scores"), _measures("Share of the points", "Students", rows))


def _pass_rates(
    results: Sequence[SubmissionResult], names: Sequence[str], titles: Mapping[str, str]
) -> Markup:
    rows = []
    for name in names:
        found = [task for result in results for task in result.tasks if task.task == name]
        passed = sum(task.status is Status.PASSED for task in found)
        share = passed / max(len(results), 1)
        text = f"{100 * share:.0f}% ({passed})"
        rows.append(_measured(capital(titles.get(name, name)), share, text, "passed"))
    return el("section", el("h2", "Passed"), _measures("Task", "Students", rows))


def _measures(label: str, what: str, rows: Sequence[Markup]) -> Markup:
    heads = [
        el("th", label, scope="col"),
        el("td"),  # the bar says nothing that the number does not
        el("th", what, scope="col", class_="number"),
    ]
    table = [el("thead", el("tr", *heads)), el("tbody", *rows)]
    return el("table", *table, class_="measures")


def _measured(label: str, share: float, text: str, class_: str) -> Markup:
    return el(
        "tr",
        el("th", label, scope="row"),
        el("td", bar(share, class_), aria_hidden="true"),
        el("td", text, class_="number"),
    )


def _causes(results: Sequence[SubmissionResult], titles: Mapping[str, str]) -> Markup | None:
    found = [
        (task.task, task.finding.cause)
        for result in results
        for task in result.tasks
        if task.finding is not None
    ]
    if not found:
        return None
    known = Counter((task, cause) for task, cause in found if cause)
    unknown = len(found) - known.total()
    rows = [
        el(
            "tr",
            el("td", str(n), class_="number"),
            el("td", capital(cause), " ", el("small", capital(titles.get(task, task)))),
        )
        for (task, cause), n in known.most_common(CAUSES)
    ]
    heads = [
        el("th", "Students", scope="col", class_="number"),
        el("th", "Likely cause", scope="col"),
    ]
    table = el("table", el("thead", el("tr", *heads)), el("tbody", *rows), class_="causes")
    rest = el("p", f"and {unknown} without a known cause", class_="soft") if unknown else None
    return el("section", el("h2", "What goes wrong most often"), table if rows else None, rest)


def _has(result: SubmissionResult, name: str) -> bool:
    return any(task.task == name for task in result.tasks)
