"""Reading reviews and label names; every fault is named with its file and line."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SEPARATOR = " ||| "


@dataclass(frozen=True)
class Reviews:
    """A file of lines `label ||| sentence`, in its order."""

    path: Path
    labels: list[int]
    sentences: list[str]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def dataset(self) -> str:
        """The name without its split: `sst` of `data/sst-dev.txt`."""
        name, _, split = self.path.stem.rpartition("-")
        return name if name and split in ("train", "dev", "test") else self.path.stem

    @property
    def has_labels(self) -> bool:
        """Whether the labels mean anything: CFIMDB's test split says 0 on every line."""
        return len(self) == 1 or set(self.labels) != {0}


def read_reviews(path: str | os.PathLike[str]) -> Reviews:
    """Read UTF-8 lines `label ||| sentence`, with or without BOM, ending in LF or CRLF.

    A sentence may contain ` ||| ` itself. Blank lines at the end are passed over.

    Raises:
        ValueError: the file is missing, empty or not UTF-8, or a line is malformed.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: no such file of reviews")
    lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise ValueError(f"{path}: holds no reviews; expected lines `label{SEPARATOR}sentence`")
    labels, sentences = [], []
    for number, raw in enumerate(lines, start=1):
        place = f"{path}, line {number}"
        try:
            line = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(f"{place}: not UTF-8 ({error.reason}); convert the file") from error
        line = line.removesuffix("\r")
        if "\r" in line:
            raise ValueError(f"{place}: a lone carriage return; end lines with LF or CRLF")
        label, separator, sentence = line.partition(SEPARATOR)
        if not separator:
            raise ValueError(f"{place}: lacks {SEPARATOR!r} between label and sentence")
        try:
            labels.append(int(label))
        except ValueError as error:
            raise ValueError(f"{place}: the label {label[:40]!r} is no integer") from error
        if not sentence.strip():
            raise ValueError(f"{place}: the sentence is empty")
        sentences.append(sentence.strip())
    return Reviews(path, labels, sentences)


def read_label_names(path: str | os.PathLike[str]) -> list[str]:
    """Read a JSON list with the name of each label, from label 0 on.

    Raises:
        ValueError: the file is missing or holds anything else.
    """
    path = Path(path)
    try:
        names = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}; it should name the labels") from error
    except ValueError as error:
        raise ValueError(f"{path}: not JSON: {error}") from error
    if (
        not isinstance(names, list)
        or len(names) < 2
        or not all(isinstance(name, str) and name.strip() for name in names)
        or len(set(names)) < len(names)
    ):
        raise ValueError(f"{path}: must be a JSON list of two or more different names")
    return names


def require_labels(reviews: Reviews, names: Sequence[str]) -> None:
    """Raise a ValueError that names the first line whose label has no name."""
    for number, label in enumerate(reviews.labels, start=1):
        if not 0 <= label < len(names):
            raise ValueError(
                f"{reviews.path}, line {number}: label {label} is outside 0..{len(names) - 1}, "
                f"the {len(names)} labels that --label-names names"
            )


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
    """Raise a ValueError when `other` has classes that `train` never shows."""
    unseen = sorted(set(other.labels) - set(train.labels))
    if other.has_labels and unseen:
        raise ValueError(
            f"{other.path} has the labels {unseen}, which {train.path} does not show: "
            "train and evaluate on the same dataset"
        )


def majority_class(labels: Sequence[int]) -> int:
    """The most frequent label; of equals the smallest."""
    counts = Counter(labels)
    return min(counts, key=lambda label: (-counts[label], label))
