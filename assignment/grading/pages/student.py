"""One submission as a page that opens from disk."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from assignment.grading.pages.markup import (
    Markup,
    chip,
    data_uri,
    document,
    el,
    escaped,
    fact,
    join,
    kind,
    mono,
    someone,
    warned,
)
from assignment.results import Finding, Picture, Status, SubmissionResult, TaskResult
from assignment.screen import FAILED, first_divergence, tally
from assignment.text import TIMES, capital, line, number, seconds

MOST = 200  # entries of a list that a submission can make long


def page(result: SubmissionResult, titles: Mapping[str, str]) -> str:
    """Everything that is known about a submission; `titles` are those of the tasks."""
    failed = [task for task in result.tasks if task.status in FAILED]
    flags = [
        join([mono(task.task), escaped_line(f": {flag}")])
        for task in result.tasks
        for flag in task.flags
    ]
    return document(
        f"{line(result.student)}: {number(result.score)} of {number(result.max_score)} points",
        _header(result),
        _refusal(result),
        _tasks(result, titles),
        *(_failure(task, titles) for task in failed),
        _list("For a human to look at", "Flags cost no points.", flags),
        _rubric(result),
        _list("Files", "What the intake said.", [escaped_line(said) for said in result.intake]),
        _grading(result),
    )


def _header(result: SubmissionResult) -> Markup:
    score = el(
        "p",
        el("strong", number(result.score)),
        f" of {number(result.max_score)} points",
        class_="score",
    )
    name = el("h1", someone(line(result.student)))
    top = el("div", name, score, class_="top")
    stand = "refused" if result.refused else tally(result) or "no task"
    return el("header", top, _strip(result), el("p", stand, class_="soft"))


def _strip(result: SubmissionResult) -> Markup | None:
    """One segment for each task, as wide as its points, as full as it got."""
    if result.refused or not result.tasks:
        return None
    segments = []
    for task in result.tasks:
        share = 100 * min(max(task.points / task.max_points if task.max_points else 0, 0), 1)
        filled = el("i", style=f"width:{share:.1f}%")
        grow = f"flex-grow:{number(max(task.max_points, 1))}"
        segments.append(el("span", filled, class_=kind(task.status), style=grow))
    return el("div", *segments, class_="strip", role="img", aria_label=tally(result))


def _refusal(result: SubmissionResult) -> Markup | None:
    if not result.refused:
        return None
    return el(
        "section",
        el("h2", "Refused"),
        el("p", result.refused),
        el("p", "Nothing of this submission was run.", class_="soft"),
        class_="refused",
    )


def _tasks(result: SubmissionResult, titles: Mapping[str, str]) -> Markup | None:
    if result.refused or not result.tasks:
        return None
    heads = el(
        "tr",
        el("th", "Task", scope="col"),
        el("th", "Status", scope="col"),
        el("th", "Points", scope="col", class_="number"),
        el("th", "Time", scope="col", class_="number time"),
    )
    rows = [_row(task, titles) for task in result.tasks]
    table = el("table", el("thead", heads), el("tbody", *rows), class_="tasks")
    return el("section", el("h2", "Tasks"), table)


def _row(task: TaskResult, titles: Mapping[str, str]) -> Markup:
    title = el("span", capital(titles.get(task.task, task.task)))
    if task.status in FAILED:
        title = el("a", title, href=f"#{_anchor(task)}")
    told = task.message and task.status is not Status.PASSED
    said = el("p", task.message) if told else None
    points = join([number(task.points), el("span", f" / {number(task.max_points)}")])
    return el(
        "tr",
        el("th", title, " ", mono(task.task), said, scope="row"),
        el("td", chip(task.status)),
        el("td", points, class_="number points"),
        el("td", seconds(task.seconds) if task.seconds else None, class_="number time"),
    )


def _failure(task: TaskResult, titles: Mapping[str, str]) -> Markup:
    """What there is to know about a task that failed."""
    said = el("p", task.message, class_="message") if task.message else None
    words, pictures = [said], []
    if task.finding is not None:
        words.append(_case(task.finding))
        pictures.append(_figure(task.finding))
    words.append(_printed(task))
    pictures.append(_flow(task.stages))
    seen = [piece for piece in pictures if piece is not None]
    return el(
        "section",
        el("h2", capital(titles.get(task.task, task.task)), " ", chip(task.status)),
        el(
            "div",
            el("div", *words),
            el("div", *seen) if seen else None,
            class_="halves" if seen else None,
        ),
        id=_anchor(task),
        class_=f"failure {kind(task.status)}",
    )


def _case(found: Finding) -> Markup:
    """The failing case: what differs, and what probably went wrong."""
    hidden = el("span", "hidden case", class_="tag") if found.hidden else None
    rows = [fact("case", join([mono(found.case), " ", hidden])), fact("tests", found.about)]
    rows.append(fact("output", mono(found.output)))
    rest = []
    for text in found.difference[:MOST]:
        key, _, value = text.strip().partition("  ")
        if value:
            rows.append(fact(key, mono(value.strip())))
        else:
            rest.append(el("pre", text))
    cause = el("p", el("b", "Likely cause"), capital(found.cause), class_="cause")
    return join([cause if found.cause else None, el("dl", *rows, class_="facts"), *rest])


def _figure(found: Finding) -> Markup | None:
    """The error over the tensor, enlarged, with its scale."""
    picture = found.picture
    if picture is None or not picture.height * picture.width:
        return None
    levels = picture.matrix()
    wrong = int((levels > 0).sum())
    about = f"Error of {line(found.output)}: {wrong} of {levels.size} values are out of tolerance"
    width, height = _size(picture)
    ratio = f"aspect-ratio:{width}/{height}"
    image = el("img", src=data_uri(levels), alt=about, class_="tensor", style=ratio)
    block = f"width:{width}px;--block:{_block(picture):.4f}%"
    says = el(
        "figcaption",
        el("b", "Error over the tensor, in tolerances. "),
        _caption(found.output, picture),
    )
    return el("figure", el("div", image, class_="tensor-box", style=block), _legend(), says)


def _legend() -> Markup:
    """What the colours of the picture mean: dark is right, then one tick for each decade."""
    right, scale = np.zeros((1, 1)), np.arange(55, 256)[None]
    zero = el("img", src=data_uri(right), alt="", class_="scale")
    decades = el("img", src=data_uri(scale), alt="", class_="scale")
    ticks = [el("span", text) for text in ("1", "10", "100", "1,000", f"10,000 {TIMES}")]
    return el(
        "div",
        el("div", zero, el("span", "within tolerance"), class_="zero"),
        el("div", decades, el("div", *ticks, class_="ticks"), class_="decades"),
        class_="legend",
    )


def _size(picture: Picture) -> tuple[int, int]:
    """Pixels on the page: whole cells, neither too small to see nor much longer than wide."""
    across = max(1, min(20, 420 // picture.width))
    down = max(1, min(20, 512 // picture.height))
    across, down = min(across, 4 * down), min(down, 4 * across)
    return picture.width * across, picture.height * down


def _block(picture: Picture) -> float:
    """The part of the height that a matrix of the last two axes takes, in percent.

    All of it where there is only one, or where they are too thin for lines between them.
    """
    rows = picture.shape[-2] if len(picture.shape) > 2 else picture.height
    part = rows / picture.height
    return 100 * part if part < 1 and part * _size(picture)[1] >= 16 else 100.0


def _caption(output: str, picture: Picture) -> Markup:
    """The tensor's shape, and what the picture's rows and columns are."""
    shape = f" {TIMES} ".join(map(str, picture.shape))
    if not picture.shape:
        return join([mono(output), " is a single number."])
    if len(picture.shape) == 1:
        return join([mono(output), f" is a vector of {shape}; left to right its elements."])
    *leading, columns = picture.shape
    rows = int(np.prod(leading))
    said = f" has the shape {shape}. A column is an index of the last axis ({columns}); a row is "
    said += "an index of the first." if len(leading) == 1 else "a combination of the others, "
    if len(leading) > 1:
        said += "the last of them running fastest."
    if len(leading) > 1 and _block(picture) < 100:
        said += f" The lines part its matrices of {picture.shape[-2]} {TIMES} {columns}."
    if (picture.height, picture.width) != (rows, columns):
        said += f" Shown: the first {picture.height} rows and {picture.width} columns."
    return join([mono(output), said])


def _flow(stages: Sequence[tuple[str, bool]]) -> Markup | None:
    """The stages in the order in which data flows, the first that is wrong marked."""
    if not stages:
        return None
    wrong = first_divergence(list(stages))
    steps = []
    for i, (name, right) in enumerate(stages):
        sign = el("span", "✓" if right else "✗", class_="sign", aria_hidden="true")
        word = el("span", "right" if right else "wrong", class_="unseen")
        mark = el("b", "first divergence") if i == wrong else None
        place = "first" if i == wrong else "after" if wrong is not None and i > wrong else None
        classes = " ".join(filter(None, ["right" if right else "wrong", place]))
        steps.append(el("li", sign, mono(name), " ", word, mark, class_=classes))
    return el("div", el("h3", "Through the stack"), el("ol", *steps, class_="flow"))


def _printed(task: TaskResult) -> Markup | None:
    if not task.printed.strip():
        return None
    # focusable, so that it can be scrolled by keys
    output = el(
        "pre",
        task.printed.strip("\n"),
        tabindex=0,
        role="group",
        aria_label="what the code printed",
    )
    return join([el("h3", "What the code printed"), output])


def _rubric(result: SubmissionResult) -> Markup | None:
    if not result.rubric:
        return None
    rows = [
        el("tr", el("th", grade, scope="row"), el("td", reason))
        for grade, reason in result.rubric.items()
    ]
    heads = el("tr", el("th", "Grade", scope="col"), el("th", "Why", scope="col"))
    table = el("table", el("thead", heads), el("tbody", *rows), class_="rubric")
    return el("section", el("h2", "The course's rubric"), table)


def _grading(result: SubmissionResult) -> Markup:
    rows = [
        *([fact("course", result.course)] if result.course else []),
        fact("submission", mono(result.source)),
        fact("SHA-256", mono(result.sha256)),
        fact("sandbox", result.sandbox),
        fact("time", seconds(result.seconds)),
    ]
    facts = el("dl", *rows, class_="facts")
    return el("section", el("h2", "How it was graded"), warned(result.warning), facts)


def _list(title: str, about: str, entries: Sequence[str]) -> Markup | None:
    if not entries:
        return None
    items = [el("li", entry) for entry in entries[:MOST]]
    if len(entries) > MOST:
        items.append(el("li", f"and {len(entries) - MOST:,} more"))
    return el("section", el("h2", title), el("p", about, class_="soft"), el("ul", *items))


def escaped_line(text: str) -> Markup:
    return Markup(escaped(line(text, 400)))


def _anchor(task: TaskResult) -> str:
    return "task-" + re.sub(r"[^\w-]", "-", line(task.task))
