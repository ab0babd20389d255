"""Reading reviews and label names; every fault is named with its file and line."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sentiment.tables import SEPARATOR, Columns, Row, read_rows
from support.files import read_bytes

HIDDEN = -1  # in place of a label that the file does not tell
SPLIT = re.compile(r"(.+)[-_.](train|dev|test|val|valid|validation)")
INTEGER = re.compile(r"\s*([+-]?\d+)(?:\.0+)?\s*")  # 1.0 is what a table makes of a 1


@dataclass(frozen=True)
class Reviews:
    """A file of labels and sentences, in its order."""

    path: Path
    labels: list[int]
    sentences: list[str]
    lines: list[int]  # in the file, from 1
    digest: str  # SHA-256 of the file, which may be a pipe and cannot be read again
    names: list[str] | None = None  # of the labels, where the file spells them out

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def dataset(self) -> str:
        """The name without its split: `sst` of `data/sst-dev.txt`, `imdb` of `imdb/dev.txt`."""
        if not self.path.is_file():
            return "stdin"  # or another pipe
        stem = self.path.stem
        if found := SPLIT.fullmatch(stem):
            return found[1]
        folder = self.path.absolute().parent.name
        return folder if folder and SPLIT.fullmatch(f"{folder}-{stem}") else stem

    @property
    def has_labels(self) -> bool:
        """Whether the labels mean anything: CFIMDB's test split says 0 on every line, others -1."""
        found = set(self.labels)
        spelt_out = self.names is not None or len(self) == 1
        return found != {HIDDEN} and (spelt_out or found != {0})

    def place(self, row: int) -> str:
        """Where a review stands, for an error."""
        return f"{self.path}, line {self.lines[row]}"


def read_reviews(path: str | os.PathLike[str], columns: Columns | None = None) -> Reviews:
    """Read UTF-8 lines `label ||| sentence`, or a table that ends in .csv, .tsv or .jsonl.

    A label is a number, or, in all of the file, a name. Without a column of labels, they are
    hidden. With or without BOM; `-` is standard input.

    Raises:
        ValueError: the file is missing, empty or not UTF-8, or a line is malformed.
    """
    path = Path(path)
    content = read_bytes(path, f"it should hold reviews, lines `label{SEPARATOR}sentence`")
    text = _decode(content.removeprefix(b"\xef\xbb\xbf"), path)
    rows = list(read_rows(path, text, columns or Columns()))
    if not rows:
        raise ValueError(f"{path}: holds no reviews; expected lines `label{SEPARATOR}sentence`")
    for row in rows:
        if not row.sentence.strip():
            raise ValueError(f"{path}, line {row.line}: the sentence is empty")
    labels, names = _labels(rows, path)
    sentences = [re.sub(r"\s*[\r\n]+\s*", " ", row.sentence.strip()) for row in rows]
    digest = hashlib.sha256(content).hexdigest()
    return Reviews(path, labels, sentences, [row.line for row in rows], digest, names)


def _decode(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{path}, line {line}: not UTF-8 ({error.reason}); convert the file"
        ) from error


def _labels(rows: Sequence[Row], path: Path) -> tuple[list[int], list[str] | None]:
    """Numbers, or numbers of names that the first row shows to be spelt out, and these names."""
    written = [HIDDEN if row.label is None else row.label.strip() for row in rows]
    texts = [str(label) for label in written]
    if not INTEGER.fullmatch(texts[0]):
        names = sorted(set(texts))
        for row, text in zip(rows, texts, strict=True):
            if INTEGER.fullmatch(text) or not text:
                raise ValueError(
                    f"{path}, line {row.line}: the label {text[:40]!r} is no name, as that of "
                    f"line {rows[0].line} is"
                )
        return [names.index(text) for text in texts], names
    labels = []
    for row, text in zip(rows, texts, strict=True):
        number = INTEGER.fullmatch(text)
        if number is None:
            raise ValueError(f"{path}, line {row.line}: the label {text[:40]!r} is no integer")
        labels.append(int(number[1]))
    return labels, None


def read_label_names(path: str | os.PathLike[str]) -> list[str]:
    """Read a JSON list with the name of each label, from label 0 on.

    Raises:
        ValueError: the file is missing or holds anything else.
    """
    content = read_bytes(path, "it should name the labels")
    try:
        names = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not JSON: {error}") from error
    stripped = (
        [name.strip() for name in names if isinstance(name, str)] if isinstance(names, list) else []
    )
    if len(stripped) < 2 or len(stripped) < len(names) or len({*stripped, ""}) <= len(names):
        raise ValueError(f"{path}: must be a JSON list of two or more different names")
    return stripped


def with_labels(reviews: Reviews, names: Sequence[str], mapping: str) -> Reviews:
    """The same reviews, their labels numbered as `names` are.

    Args:
        mapping: where the names come from, for an error.

    Raises:
        ValueError: a label has no name; its line is told.
    """
    if not reviews.has_labels:
        return reviews
    if reviews.names is not None:
        for row, label in enumerate(reviews.labels):
            if reviews.names[label] not in names:
                raise ValueError(
                    f"{reviews.place(row)}: the label {reviews.names[label][:40]!r} is none of "
                    f"{', '.join(names)}, the labels of {mapping}: give --label-names"
                )
        numbers = [list(names).index(reviews.names[label]) for label in reviews.labels]
        return replace(reviews, labels=numbers, names=list(names))
    for row, label in enumerate(reviews.labels):
        if not 0 <= label < len(names):
            raise ValueError(
                f"{reviews.place(row)}: label {label} is outside 0..{len(names) - 1}, the "
                f"{len(names)} labels of {mapping}: give --label-names"
            )
    return reviews


def require_all_names(files: Sequence[Reviews], names: Sequence[str], mapping: Path) -> None:
    """Raise a ValueError when many reviews never show the last of the labels that are named.

    A mapping of another dataset is the likely reason; a handful of reviews is no evidence.
    """
    labels = [label for reviews in files if reviews.has_labels for label in reviews.labels]
    if len(labels) >= 10 * len(names) and max(labels) < len(names) - 1:
        raise ValueError(
            f"{mapping} names {len(names)} labels, and the {len(labels)} reviews show none above "
            f"{max(labels)}: it belongs to another dataset; give --label-names"
        )


def require_same_classes(train: Reviews, other: Reviews) -> None:
    """Raise a ValueError when `other` has classes that `train` never shows, as another dataset."""
    unseen = sorted(set(other.labels) - set(train.labels))
    if other.has_labels and unseen:
        raise ValueError(
            f"{other.path} has the labels {unseen}, which {train.path} does not show: "
            "train and evaluate on the same dataset, or allow it: --allow_missing_classes"
        )


def majority_class(labels: Sequence[int]) -> int:
    """The most frequent label; of equals the smallest."""
    counts = Counter(labels)
    return min(counts, key=lambda label: (-counts[label], label))
