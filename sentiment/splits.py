"""Which files a mode reads and writes: the course's defaults, what was asked for, or stand-ins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from data import LABEL_NAMES, SNIPPETS
from sentiment.reviews import (
    Reviews,
    read_label_names,
    read_reviews,
    require_all_names,
    require_labels,
    require_same_classes,
)

Outputs = dict[str, tuple[Reviews, str]]  # split -> its reviews, where predictions go

COURSE_DATA = "data/cfimdb-{split}.txt"
COURSE_LABELS = "data/cfimdb-label-mapping.json"


@dataclass(frozen=True)
class Splits:
    """The reviews of a run."""

    train: Reviews | None
    dev: Reviews
    test: Reviews | None
    label_names: list[str]
    names_path: Path  # their file
    stand_in: str  # why these and not the course's; empty where they are what was asked for

    @property
    def dataset(self) -> str:
        return self.dev.dataset

    def __str__(self) -> str:
        """Which reviews are used, and why, for a banner."""
        parts = {"train": self.train, "dev": self.dev, "test": self.test}
        counts = ", ".join(f"{len(part)} {split}" for split, part in parts.items() if part)
        line = f"reviews   {self.dataset}: {counts}; labels {', '.join(self.label_names)}"
        return f"{line}\nstand-in  {self.stand_in}" if self.stand_in else line

    def outputs(self, kind: str, asked: Mapping[str, str | None]) -> Outputs:
        """dev and, where there is one, test: the reviews and where predictions go."""
        present = {"dev": self.dev, "test": self.test}
        return {
            split: (reviews, asked[split] or f"{self.dataset}-{split}-{kind}-output.txt")
            for split, reviews in present.items()
            if reviews is not None
        }


def choose_splits(
    asked: Mapping[str, str | None], label_names: str | None, need_train: bool
) -> Splits:
    """Read the reviews of a run.

    Args:
        asked: path of train, dev and test; None where nothing was said.
        label_names: path of the label mapping, or None.
        need_train: whether the mode trains.

    Raises:
        ValueError: a file that was asked for is missing, a file is malformed, labels and names do
            not fit, or nothing was asked for and neither default nor stand-in is here.
    """
    paths = {split: Path(asked[split] or COURSE_DATA.format(split=split)) for split in asked}
    labels = Path(label_names or COURSE_LABELS)
    stand_in = ""
    if label_names is None and not any(asked.values()):
        needed = ("train", "dev") if need_train else ("dev",)
        absent = [paths[s] for s in needed if not paths[s].exists()]
        if absent:
            stand_in = f"{absent[0]} is not here; bash setup.sh --course fetches it"
            paths = {split: Path(str(SNIPPETS).format(split=split)) for split in asked}
            labels = LABEL_NAMES["sst"]
            if not paths["dev"].exists():
                raise ValueError(
                    f"no reviews: neither {absent[0]} nor {paths['dev'].name} is here; "
                    "bash setup.sh prepares the latter, --train, --dev and --test name others"
                )
    if label_names is None and not labels.exists():
        labels = LABEL_NAMES["cfimdb"]
    names = read_label_names(labels)
    found: dict[str, Reviews | None] = {}
    any_asked = any(asked.values())
    for split, path in paths.items():
        if split == "train" and not need_train:
            wanted = False
        elif split == "test" and asked[split] is None:
            wanted = path.exists() and not any_asked  # not another dataset's beside what was asked
        else:
            wanted = True
        found[split] = read_reviews(path) if wanted else None
        if (reviews := found[split]) is not None:
            require_labels(reviews, names)
    require_all_names([part for part in found.values() if part is not None], names, labels)
    dev, train = found["dev"], found["train"]
    assert dev is not None
    if need_train and train is not None:
        for reviews in (dev, found["test"]):
            if reviews is not None:
                require_same_classes(train, reviews)
        if not dev.has_labels:
            raise ValueError(f"{dev.path}: every label is 0, so no epoch can be found the best")
    return Splits(train, dev, found["test"], names, labels, stand_in)
