"""HTML put together so that nothing gets in unescaped, and whole pages with their style."""

from __future__ import annotations

import base64
import functools
import html
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from assignment.grading.pages.png import encode
from assignment.results import Status
from assignment.screen import SIGNS
from assignment.text import clean

LONGEST = 6000  # characters of one text on a page
EMPTY = {"meta", "img", "br"}  # elements that have no end tag
# Nothing is loaded from anywhere and nothing runs, even if a text got through as markup.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


class Markup(str):
    """HTML, already escaped. A plain string is escaped when it is put into an element."""

    __slots__ = ()


def el(name: str, /, *content: str | None, **attributes: str | int | None) -> Markup:
    """An element; a trailing `_` of an attribute's name is dropped, another one is a hyphen."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escaped(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in EMPTY:
        return Markup(f"<{name}{given}>")
    return Markup(f"<{name}{given}>{join(content)}</{name}>")


def join(content: Sequence[str | None]) -> Markup:
    """Pieces one after the other; what is None is left out."""
    return Markup("".join(escaped(piece) for piece in content if piece is not None))


def escaped(text: str) -> str:
    return text if isinstance(text, Markup) else html.escape(clean(text, LONGEST))


def document(title: str, *content: str | None) -> str:
    """A page that is complete in itself."""
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=POLICY),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("meta", name="referrer", content="no-referrer"),
        el("title", title),
        Markup(f"<style>\n{_style()}</style>"),
    )
    body = el("body", el("main", *content))
    return f"<!DOCTYPE html>\n{el('html', head, body, lang='en')}\n"


def chip(status: Status) -> Markup:
    """A status as sign, word and colour."""
    sign = el("span", SIGNS[status], class_="sign", aria_hidden="true")
    return el("span", sign, el("span", status.value, class_="word"), class_=f"chip {kind(status)}")


def kind(status: Status) -> str:
    """The class that colours a status; the three ways to crash look alike."""
    if status in (Status.CRASHED, Status.TIMEOUT, Status.MEMORY):
        return "limit"
    if status in (Status.NOT_STARTED, Status.BLOCKED):
        return "waiting"
    return status.value


def mono(text: str) -> Markup:
    return el("code", text)


def someone(text: str) -> Markup:
    """A name of unknown direction, which must not turn what stands beside it."""
    return el("bdi", text)


def fact(label: str, value: str) -> Markup:
    """One entry of a list of facts."""
    return el("div", el("dt", label), el("dd", value))


def warned(text: str) -> Markup | None:
    """A warning, where there is one."""
    return el("p", el("b", "Warning: "), text, class_="warning") if text else None


def bar(share: float, class_: str = "passed") -> Markup:
    """A bar as long as a share of one; the number stands beside it as text."""
    percent = f"{100 * min(max(share, 0.0), 1.0):.1f}"
    return el("span", el("i", style=f"width:{percent}%", class_=class_), class_="bar")


def data_uri(levels: np.ndarray) -> str:
    """A picture of a matrix of bytes, inside the page."""
    return "data:image/png;base64," + base64.b64encode(encode(levels)).decode()


@functools.cache
def _style() -> str:
    return Path(__file__).with_name("report.css").read_text(encoding="utf-8")
