"""How sizes, times and numbers of things are said, and the lines that say them."""

from __future__ import annotations

import shutil
import textwrap

LABEL = 10  # columns of what stands before a banner's text


def banner(label: str, text: str) -> str:
    """`label     text`, cut between words into lines that a terminal does not have to wrap.

    >>> banner("note", "no space")
    'note      no space'
    """
    width = shutil.get_terminal_size().columns - 1
    return textwrap.fill(
        text,
        max(width, 2 * LABEL),
        initial_indent=f"{label:<{LABEL}}",
        subsequent_indent=" " * LABEL,
        break_long_words=False,
        break_on_hyphens=False,
    )


def size_in_words(n_bytes: float) -> str:
    """Bytes for people, in decimal units.

    >>> size_in_words(0), size_in_words(1_234), size_in_words(93e6), size_in_words(2.4e9)
    ('0 bytes', '1.2 kB', '93 MB', '2.4 GB')
    """
    if n_bytes < 1e3:
        return f"{n_bytes:.0f} bytes"
    size, unit = next(
        (n_bytes / scale, unit)
        for scale, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
        if n_bytes >= scale
    )
    return f"{size:,.1f} {unit}" if size < 10 or unit == "GB" else f"{size:,.0f} {unit}"


def time_in_words(seconds: float) -> str:
    """A duration for people.

    >>> time_in_words(0.042), time_in_words(1.5), time_in_words(100), time_in_words(9_000)
    ('42 ms', '1.5 s', '100 s', '2.5 hours')
    """
    if seconds < 0.1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s" if seconds < 3 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"


def count_in_words(count: int, thing: str) -> str:
    """A number of things.

    >>> count_in_words(1, "thread"), count_in_words(2, "thread")
    ('1 thread', '2 threads')
    """
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
