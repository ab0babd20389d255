"""Texts as they lie in files: in parts that are read without regard to each other, in documents.

A text file is cut at every `<|endoftext|>`; of a `.jsonl`, each line's `text` is a document; of a
folder, each file in it holds one or more.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, NamedTuple

from data import END
from pretraining.words import decoded, dividing_places

READ = 1 << 22  # bytes of a file that are read at once
NEAR = 1 << 22  # bytes around a place, in which the end of a document is looked for


def text_files(source: Path) -> list[Path]:
    """A file, or all that are in a folder; a ValueError where there is none."""
    files = [source] if source.is_file() else sorted(p for p in source.rglob("*") if p.is_file())
    if not files:
        raise ValueError(f"{source}: no such text, or an empty folder; give another --text.data")
    return files


class Stretch(NamedTuple):
    """A part of a file: bytes from `start` to `end`."""

    path: Path
    start: int
    end: int


class Piece(NamedTuple):
    """A part of a document, or all of it."""

    text: str
    is_end: bool  # of its document


def stretches(ranges: Iterable[Stretch], words: bool = True) -> list[Stretch]:
    """Divide ranges of files into such as are read at once, each without regard to the others.

    Args:
        words: whether documents may be divided between words; else only they are kept whole.
    """
    found = []
    for path, start, end in ranges:
        if path.suffix == ".jsonl":
            places = _lines(path, start, end)
        else:
            places = dividing_places(path, [END], READ, start, end, words)
        found += [Stretch(path, *pair) for pair in pairwise(places)]
    return found


def _lines(path: Path, start: int, end: int) -> list[int]:
    """Offsets about READ bytes apart at which lines begin."""
    places = [start]
    with path.open("rb") as file:
        while places[-1] + READ < end:
            file.seek(places[-1] + READ)
            file.readline()
            if file.tell() < end:
                places.append(file.tell())
            else:
                break
    return [*places, end]


def pieces_of(stretch: Stretch, errors: str = "strict") -> Iterator[Piece]:
    """What a stretch holds: of a `.jsonl` each line's `text`, else what END divides.

    Line breaks around a document are no part of it.

    Raises:
        ValueError: a part is no UTF-8, or a line no JSON with a text.
    """
    path, start, end = stretch
    before = max(0, start - len(END))
    with path.open("rb") as file:
        file.seek(before)
        content = file.read(end - before)
        after = file.read(len(END))
    is_first, content = content[: start - before] in (b"", END.encode()), content[start - before :]
    if path.suffix == ".jsonl":
        for line in content.splitlines(keepends=True):
            if text := _text_of(line, errors, path, start).strip("\r\n"):
                yield Piece(text, True)
            start += len(line)
        return
    *parts, rest = decoded(content, errors, str(path), start).split(END)
    for number, text in enumerate(parts):
        text = text.lstrip("\r\n") if number or is_first else text
        yield Piece(text.rstrip("\r\n"), True)
    rest = rest.lstrip("\r\n") if parts or is_first else rest
    yield Piece(rest.rstrip("\r\n") if after in (b"", END.encode()) else rest, not after)


def _text_of(line: bytes, errors: str, path: Path, offset: int) -> str:
    try:
        text = json.loads(line.decode("utf-8", errors))["text"] if line.strip() else ""
        if not isinstance(text, str):
            raise TypeError("its text is none")
        # JSON may spell halves of characters, which UTF-8 has not.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", errors)
    except (ValueError, KeyError, TypeError) as error:
        with path.open("rb") as file:
            number = 1 + sum(block.count(b"\n") for block in blocks(file, offset))
        raise ValueError(
            f'{path}, line {number:,}: no JSON object with a "text" ({error})'
        ) from error
    return text


def blocks(file: BinaryIO, size: int) -> Iterator[bytes]:
    """The next `size` bytes of a file, READ at most at once."""
    for start in range(0, size, READ):
        yield file.read(min(READ, size - start))


def texts(source: Path, errors: str = "strict") -> Iterator[Piece]:
    """All pieces of a file or folder, in order."""
    files = [Stretch(file, 0, file.stat().st_size) for file in text_files(source)]
    for stretch in stretches(files):
        yield from pieces_of(stretch, errors)


def hold_out(source: Path, share: float) -> tuple[list[Stretch], list[Stretch]]:
    """What to train on, and about this share of the bytes, at the end, to hold out.

    Between two files where that is near; else in one, at the end of a document, or of a line or
    word where no document ends nearby.

    Raises:
        ValueError: nothing is left on one side.
    """
    if not 0 < share < 1:
        raise ValueError(f"valid_share={share}: must be between 0 and 1")
    files = [Stretch(file, 0, file.stat().st_size) for file in text_files(source)]
    files = [file for file in files if file.end]
    total = sum(file.end for file in files)
    if not files:
        raise ValueError(f"{source}: the text is empty; give another --text.data")
    number, target = 0, min(total - 1, round((1 - share) * total))
    while target >= files[number].end:
        target -= files[number].end
        number += 1
    path, _, size = files[number]
    if number and size <= 2 * share * total:
        return files[:number], files[number:]
    place = _place_near(path, target, share * total)
    if place is None:
        raise ValueError(f"{path}: too short to hold a part of it out; give a --text.valid")
    before, after = Stretch(path, 0, place), Stretch(path, place, size)
    return [*files[:number], before], [after, *files[number + 1 :]]


def _place_near(path: Path, target: int, held: float) -> int | None:
    """Where to divide a file of which about `held` bytes, behind `target`, are to be held out.

    At the nearest mark of the kind that is best and near enough, of the last kind anywhere.
    """
    start, size = max(0, target - NEAR), path.stat().st_size
    with path.open("rb") as file:
        file.seek(start)
        before, after = file.read(target - start), file.read(NEAR)
        file.seek(max(0, size - len(END) - 8))
        tail = file.read()
    end = size - len(tail) + len(tail.rstrip().removesuffix(END.encode()).rstrip())
    *marks, last = [b"\n"] if path.suffix == ".jsonl" else [END.encode(), b"\n", b" "]
    for mark in (*marks, last):
        places = [start + place + len(mark) for place in (before.rfind(mark),) if place >= 0]
        places += [target + place + len(mark) for place in (after.find(mark),) if place >= 0]
        for place in sorted(places, key=lambda place: abs(place - target)):
            is_near = -held <= place - target <= 0.75 * held
            if 0 < place < end and (is_near or mark == last):
                return place
    return None
