"""The rows of a file of reviews, label and sentence as they are written: lines, CSV or JSON lines.

Every fault is named with its file and line.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

SEPARATOR = " ||| "
DELIMITERS = ",;\t"
# What the columns of a table are called, where no flag says it.
LABEL_COLUMNS = ("label", "labels", "sentiment", "class", "target")
TEXT_COLUMNS = ("text", "sentence", "review", "content")
csv.field_size_limit(2**31 - 1)  # a review may be longer than the library's 128 kB


class Row(NamedTuple):
    line: int  # where it begins, from 1
    label: str | None  # None: the table has no column of labels
    sentence: str


@dataclass(frozen=True)
class Columns:
    """Which columns of a table hold what; None for the usual names."""

    label: str | None = None
    text: str | None = None

    def find(self, names: Mapping[str, Any] | list[str]) -> tuple[str | None, str]:
        """The columns of label and text among those of a table.

        Raises:
            ValueError: a column that was asked for, or any for the text, is not there.
        """
        found: list[str | None] = []
        for asked, usual in ((self.label, LABEL_COLUMNS), (self.text, TEXT_COLUMNS)):
            wanted = usual if asked is None else (asked,)
            column = next((name for name in names if name.strip().lower() in wanted), None)
            if asked is not None:
                column = asked if asked in names else None
            found.append(column)
        label, text = found
        listed = ", ".join(map(repr, names))
        if text is None:
            raise ValueError(
                f"no column {self.text or 'text'!r} among {listed}: give --text_column"
            )
        if label is None and self.label is not None:
            raise ValueError(
                f"no column {self.label!r} among {listed}: give another --label_column"
            )
        return label, text


def read_rows(path: Path, text: str, columns: Columns) -> Iterator[Row]:
    """Cut the text of a file into rows; its name's ending says how: .csv, .tsv, .jsonl, or lines.

    Raises:
        ValueError: a row is malformed; its line is named.
    """
    ending = path.suffix.lower()
    if ending in (".csv", ".tsv"):
        return _from_csv(path, text, columns)
    if ending in (".jsonl", ".ndjson"):
        return _from_json_lines(path, text, columns)
    return _from_lines(path, text)


def _from_lines(path: Path, text: str) -> Iterator[Row]:
    """`label ||| sentence`; a sentence may contain ` ||| ` itself."""
    for number, line in _lines(text):
        place = f"{path}, line {number}"
        if "\r" in line:
            raise ValueError(f"{place}: a lone carriage return; end lines with LF or CRLF")
        label, separator, sentence = line.partition(SEPARATOR)
        if not separator:
            raise ValueError(f"{place}: lacks {SEPARATOR!r} between label and sentence")
        yield Row(number, label, sentence)


def _from_csv(path: Path, text: str, columns: Columns) -> Iterator[Row]:
    """A table with names in its first line, separated by what that line has most of."""
    delimiter = max(DELIMITERS, key=text.partition("\n")[0].count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        label, content = columns.find(list(reader.fieldnames or []))
        while True:
            line = reader.line_num + 1  # where the row begins: a quoted text has several
            values = next(reader, None)
            if values is None:
                return
            if None in values or values[content] is None:
                raise ValueError("not as many columns as the first line names")
            yield Row(line, None if label is None else values[label] or "", values[content])
    except (csv.Error, ValueError) as error:
        raise ValueError(f"{path}, line {line}: {error}") from error


def _from_json_lines(path: Path, text: str, columns: Columns) -> Iterator[Row]:
    """An object a line, with the same keys in each."""
    for number, line in _lines(text):
        try:
            values = json.loads(line)
            if not isinstance(values, dict):
                raise ValueError("no object with a label and a text")
            label, content = columns.find(values)
            if not isinstance(values[content], str):
                raise ValueError(f"{content!r} is no text")
            yield Row(number, None if label is None else str(values[label]), values[content])
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{path}, line {number}: {error}") from error


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers; blank ones at the end are passed over."""
    lines = re.split(r"\r?\n", text)
    while lines and not lines[-1].strip():
        lines.pop()
    yield from enumerate(lines, start=1)
