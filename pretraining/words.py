"""Pre-tokenisation: a text cut into words, which tokens never cross; and where it may be divided.

GPT-2's way (Radford et al. 2019, section 2.2): letters, digits and other signs apart, each run with
the one space before it. So `regex`, which knows Unicode's classes, is needed (extra `pretraining`).
"""

from __future__ import annotations

import os
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from itertools import pairwise
from multiprocessing import current_process, get_context
from pathlib import Path
from typing import TypeVar

from tqdm import tqdm

try:
    import regex
except ImportError as error:
    raise ValueError(
        "pretraining needs the packages regex and tyro (extra pretraining): pip install regex tyro"
    ) from error

Task = TypeVar("Task")
Done = TypeVar("Done")
WORDS = regex.compile(r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")
ASCII_WORDS = re.compile(  # the same in ASCII; \t-\r are the five kinds of white space beside " "
    r" ?[A-Za-z]+|'(?:[sdmt]|ll|ve|re)| ?[0-9]+| ?[^ \t-\rA-Za-z0-9]+"
    r"|[ \t-\r]+(?![^ \t-\r])|[ \t-\r]+"
)
# Where WORDS cuts whatever surrounds it: before white space, and between a sign and a letter. (An
# apostrophe may begin "'s"; white space is only looked at from its beginning, since how a run of it
# is cut depends on what follows.)
CERTAIN = regex.compile(r"(?<=\S)(?=\s)|(?<=[^\s\p{L}\p{N}'])(?=\p{L})")
SIMPLE = regex.compile(  # the same in UTF-8, before white space of ASCII and behind none
    rb"(?<=[!-~\x80-\xff])(?<!\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]"
    rb"|\xe2\x81\x9f|\xe3\x80\x80)(?=[ \n\t])"
)
PART = 1 << 22  # bytes of a file that are cut at once: bounds the memory
ALONE = 1 << 19  # bytes; of less, other processes take longer to start than to help
WINDOW = 1 << 12  # bytes that are looked through at first for a place to divide
PIECE = 1 << 9  # characters of a text beyond ASCII that are cut at once


def special_pattern(special_tokens: Sequence[str]) -> regex.Pattern[str]:
    """Finds special tokens, of two at one place the longest.

    Raises:
        ValueError: one is empty, or comes twice.
    """
    if "" in special_tokens:
        raise ValueError("special_tokens: one is empty")
    for token in special_tokens:
        if list(special_tokens).count(token) > 1:
            raise ValueError(f"special_tokens: {token!r} comes twice")
    longest_first = sorted(special_tokens, key=len, reverse=True)
    return regex.compile("|".join(map(regex.escape, longest_first)) or r"(?!)")


def count_words(
    path: str | os.PathLike[str],
    special_tokens: Sequence[str] = (),
    *,
    errors: str = "strict",
    processes: int | None = None,
    progress: bool = False,
) -> Counter[str]:
    """How often each word occurs in a text file, special tokens left out.

    The file is read in parts, whose number does not change the result; memory grows with the number
    of different words alone.

    Args:
        errors: "strict", or "replace" for bytes that are no UTF-8.
        processes: None takes all of this machine's, one for a small file.
        progress: show a bar on a terminal.

    Raises:
        ValueError: the file is missing or empty, or at an offset that is named no UTF-8.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error
    if not size:
        raise ValueError(f"{path}: the file is empty; give a text to train on")
    if processes is None:
        processes = useful_processes(size)
    special = special_pattern(special_tokens)
    places = dividing_places(path, special_tokens, min(PART, -(-size // processes)))
    parts = list(pairwise(places))
    count = partial(_count_part, path, special.pattern, errors)
    counts: Counter[str] = Counter()
    bar = tqdm(total=size, unit="B", unit_scale=True, desc="reading", leave=False,
               disable=None if progress else True)  # fmt: skip
    with bar:
        for (start, end), found in zip(parts, in_parallel(count, parts, processes), strict=True):
            counts.update(found)
            bar.update(end - start)
    return counts


def useful_processes(size: int) -> int:
    """How many to read so many bytes with."""
    if size < ALONE or current_process().daemon:  # such a process may have no children
        return 1
    return os.cpu_count() or 1


def in_parallel(
    function: Callable[[Task], Done], tasks: Sequence[Task], processes: int
) -> Iterator[Done]:
    """What a function makes of each task, in order; a few results at most wait to be taken."""
    if processes == 1 or len(tasks) == 1:
        yield from map(function, tasks)
        return
    # Forked, processes have all that is imported here; elsewhere they import it anew.
    methods = get_context("fork") if hasattr(os, "fork") else get_context("spawn")
    with ProcessPoolExecutor(min(processes, len(tasks)), mp_context=methods) as pool:
        waiting: deque[Future[Done]] = deque()
        try:
            for task in tasks:
                waiting.append(pool.submit(function, task))
                if len(waiting) > 2 * processes:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise ValueError(
                "a process that read a part of the text was killed: start anew"
            ) from error
        finally:
            for future in waiting:
                future.cancel()


def _count_part(path: Path, special: str, errors: str, part: tuple[int, int]) -> Counter[str]:
    start, end = part
    with path.open("rb") as file:
        file.seek(start)
        content = file.read(end - start)
    text = decoded(content, errors, f"{path}", start)
    counts: Counter[str] = Counter()
    for piece in regex.split(special, text):
        counts.update(split_words(piece))
    return counts


def split_words(text: str) -> list[str]:
    """A text as its words, in order; those of ASCII by a twin of `WORDS` that is faster."""
    if text.isascii():
        return ASCII_WORDS.findall(text)
    found: list[str] = []
    for piece in pieces(text, PIECE):
        found += (ASCII_WORDS if piece.isascii() else WORDS).findall(piece)
    return found


def pieces(text: str, size: int) -> Iterator[str]:
    """A text in parts of about `size` characters, between which words are certainly two."""
    start = 0
    while len(text) - start > 2 * size:
        place = CERTAIN.search(text, start + size)
        if place is None:
            break
        yield text[start : place.start()]
        start = place.start()
    yield text[start:]


def decoded(content: bytes, errors: str, name: str, start: int = 0) -> str:
    """Bytes from `start` on of a file as text; a ValueError names the offset that is no UTF-8."""
    try:
        return content.decode("utf-8", errors)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{name}: not UTF-8 at byte {start + error.start:,} ({error.reason}); convert it, or "
            "have such bytes replaced with errors=replace"
        ) from error


def dividing_places(
    path: Path,
    special_tokens: Sequence[str],
    size: int,
    start: int = 0,
    end: int | None = None,
    words: bool = True,
) -> list[int]:
    """Offsets from `start` to `end`, about `size` bytes apart, at which a file may be divided.

    Each is where a special token begins, or, with `words`, where the words around it are certainly
    two.
    """
    special = sorted((token.encode() for token in special_tokens), key=len, reverse=True)
    pattern = regex.compile(b"|".join(map(regex.escape, special)) or rb"(?!)")
    longest = max(map(len, special), default=1)
    places, end = [start], path.stat().st_size if end is None else end
    with path.open("rb") as file:
        while places[-1] + size < end:
            start, width, found = places[-1] + size, WINDOW, None
            while found is None and start < end:
                file.seek(start)
                window = file.read(width + longest)
                found = _place(window, pattern, longest, start + len(window) >= end, words)
                if found is None:
                    start += width
                    width *= 2
            if found is None or start + found >= end:
                break
            places.append(start + found)
    return [*places, end]


def _place(
    window: bytes, special: regex.Pattern[bytes], longest: int, is_last: bool, words: bool
) -> int | None:
    """Where a window of a file may be divided; None: nowhere that is sure from here."""
    usable = len(window) if is_last else len(window) - longest
    if (token := special.search(window)) is not None and token.start() < usable:
        return token.start()
    for match in SIMPLE.finditer(window) if words else ():
        # A special token, or a Unicode space of three bytes, that began before the window would end
        # within its first bytes.
        if max(longest, 3) <= match.start() < usable:
            return match.start()
    return None
