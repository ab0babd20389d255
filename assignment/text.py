"""Text that others wrote, made harmless to look at; and how numbers are written."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from itertools import accumulate

# No class below holds a character that starts a sequence, so that a flood of starts that never end
# is read once and not once for each.
ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours, cursor
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])"  # titles, links: a string up to its end
    r"[^\x07\x1b\x90\x98\x9b-\x9f]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
LINE_ENDS = re.compile(r"\r\n?|[\x85\u2028\u2029]")
# Control characters but for newline and tab; what reorders or hides text.
INVISIBLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff"
    r"\U000e0000-\U000e007f]"
)
TIMES, DASH = "\N{MULTIPLICATION SIGN}", "\N{EN DASH}"
SURROGATES = re.compile(r"[\ud800-\udfff]")  # file names that are no UTF-8; they cannot be written


def clean(text: str, limit: int) -> str:
    """Without escape sequences, control characters (but newline and tab) and bidi overrides.

    Of a longer text the first `limit` characters, and a last line that says how much was cut.
    """
    text = LINE_ENDS.sub("\n", ESCAPES.sub("", text))
    text = SURROGATES.sub("\ufffd", INVISIBLE.sub("", text))
    if len(text) <= limit:
        return text
    return f"{text[:limit].rstrip()}\n[{len(text) - limit:,} more characters cut]"


def line(text: str, limit: int = 200) -> str:
    """The same as one line, with an ellipsis where it was cut."""
    # Nobody reads a name of megabytes; beyond this, none of it can matter.
    text = " ".join(clean(text[: 20 * limit], 20 * limit).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def columns(text: str) -> int:
    """How many columns a terminal gives a text: two for East Asian wide characters."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def fit(text: str, width: int) -> str:
    """A line cut to `width` columns, with an ellipsis where it was cut."""
    ends = list(accumulate(map(columns, text)))
    if not ends or ends[-1] <= width:
        return text
    return (text[: bisect_left(ends, width)] + "…")[: max(width, 0)]


def pad(text: str, width: int) -> str:
    """A line cut or filled to `width` columns."""
    text = fit(text, width)
    return text + " " * (width - columns(text))


def number(x: float) -> str:
    """Points and the like: at most two decimals, and none where there are none."""
    return f"{x:.2f}".rstrip("0").rstrip(".")


def seconds(x: float) -> str:
    """A duration, in the unit that suits it."""
    if x >= 60:
        return f"{int(x // 60)} min {int(x % 60)} s"
    return f"{x:.1f} s" if x >= 0.1 else f"{x * 1000:.0f} ms"


def capital(text: str) -> str:
    """As a heading begins; `AdamW` and the like keep their own letters."""
    return text[:1].upper() + text[1:]
