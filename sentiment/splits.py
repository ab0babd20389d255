"""Which files a mode reads and writes: the course's defaults, what was asked for, or stand-ins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from data import LABEL_NAMES, SNIPPETS
from sentiment.reviews import (
    Reviews,
    read_label_names,
    read_reviews,
    require_all_names,
    require_same_classes,
    with_labels,
)
from sentiment.tables import SEPARATOR, Columns
from support.words import banner

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
        line = banner("reviews", f"{self.dataset}: {counts}; labels {', '.join(self.label_names)}")
        return f"{line}\n{banner('stand-in', self.stand_in)}" if self.stand_in else line

    def outputs(self, kind: str, asked: Mapping[str, str | None]) -> Outputs:
        """dev and, where there is one, test: the reviews and where predictions go.

        Raises:
            ValueError: the name was not asked for, and the file is of another dataset.
        """
        found = {}
        for split, reviews in {"dev": self.dev, "test": self.test}.items():
            if reviews is None:
                continue
            outfile = asked[split] or f"{reviews.dataset}-{split}-{kind}-output.txt"
            if asked[split] is None and holds_others(outfile, reviews):
                raise ValueError(
                    f"{outfile}: holds predictions for other reviews than those of "
                    f"{reviews.path}; give --{split}_out, or move it away"
                )
            found[split] = reviews, outfile
        return found


def choose_splits(
    asked: Mapping[str, str | None],
    label_names: str | None,
    need_train: bool,
    *,
    columns: Columns | None = None,
    missing_classes: bool = False,
) -> Splits:
    """Read the reviews of a run.

    Args:
        asked: path of train, dev and test; None where nothing was said.
        label_names: path of the label mapping, or None.
        need_train: whether the mode trains.
        columns: of a table; None for the usual names.
        missing_classes: whether train may lack classes that the others have.

    Raises:
        ValueError: a file that was asked for is missing, a file is malformed, labels and names do
            not fit, or nothing was asked for and neither default nor stand-in is here.
    """
    paths = {split: Path(asked[split] or COURSE_DATA.format(split=split)) for split in asked}
    labels = Path(label_names or COURSE_LABELS)
    stand_in = ""
    if label_names is None and not any(asked.values()):
        needed = ("train", "dev") if need_train else ("dev",)
        if absent := [paths[s] for s in needed if not paths[s].exists()]:
            stand_in = f"{absent[0]} is not here; bash setup.sh --course fetches it"
            paths, labels = snippets(absent[0], asked), LABEL_NAMES["sst"]
    found: dict[str, Reviews | None] = {}
    any_asked = any(asked.values())
    for split, path in paths.items():
        if split == "train" and not need_train:
            wanted = False
        elif split == "test" and asked[split] is None:
            wanted = path.exists() and not any_asked  # not another dataset's beside what was asked
        else:
            wanted = True
        found[split] = read_reviews(path, columns) if wanted else None
    names, labels, mapping = name_labels(found, label_names, labels)
    found = {s: None if part is None else with_labels(part, names, mapping)
             for s, part in found.items()}  # fmt: skip
    require_all_names([part for part in found.values() if part is not None], names, labels)
    dev, train = found["dev"], found["train"]
    assert dev is not None
    if need_train and train is not None:
        require_trainable(train, [dev, found["test"]], missing_classes)
    return Splits(train, dev, found["test"], names, labels, stand_in)


def snippets(absent: Path, asked: Mapping[str, str | None]) -> dict[str, Path]:
    """The files that stand in; a ValueError where they are not here either."""
    paths = {split: Path(str(SNIPPETS).format(split=split)) for split in asked}
    if not paths["dev"].exists():
        raise ValueError(
            f"no reviews: neither {absent} nor {paths['dev'].name} is here; bash setup.sh "
            "prepares the latter, --train, --dev and --test name others"
        )
    return paths


def name_labels(
    found: Mapping[str, Reviews | None], asked: str | None, default: Path
) -> tuple[list[str], Path, str]:
    """The names of the labels, their file, and what to call it: asked for, spelt out, or default.

    A hint is added where a mapping of the dataset's own lies about.
    """
    parts = [part for part in (found["train"], found["dev"], found["test"]) if part is not None]
    spelt_out = next((part.names for part in parts if part.names is not None), None)
    if asked is None and spelt_out is not None and len(spelt_out) > 1:
        return spelt_out, parts[0].path, str(parts[0].path)
    if not default.exists() and asked is None:
        default = LABEL_NAMES["cfimdb"]
    mapping = str(default)
    if asked is None:
        mapping += ", the default"
        known = LABEL_NAMES.get(parts[0].dataset)
        beside = parts[0].path.with_name(f"{parts[0].dataset}-label-mapping.json")
        better = beside if beside.exists() else known
        if better is not None and better != default:
            mapping += f" (perhaps {better} is meant)"
    return read_label_names(default), default, mapping


def require_trainable(
    train: Reviews, others: Sequence[Reviews | None], missing_classes: bool
) -> None:
    """Raise a ValueError when there is nothing to learn, or no way to tell what was learnt."""
    if not train.has_labels:
        raise ValueError(f"{train.path}: every label is {train.labels[0]}: nothing can be learnt")
    for reviews in others:
        if reviews is not None and not missing_classes:
            require_same_classes(train, reviews)
    dev = others[0]
    if dev is not None and not dev.has_labels:
        raise ValueError(
            f"{dev.path}: every label is {dev.labels[0]}, so no epoch can be found the best"
        )


def holds_others(path: str | Path, reviews: Reviews) -> bool:
    """Whether a file of predictions is about other reviews, most of them: another dataset's."""
    if not Path(path).is_file():
        return False
    lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    sentences, ours = [line.partition(SEPARATOR)[2] for line in lines], set(reviews.sentences)
    return 2 * sum(sentence in ours for sentence in sentences) < len(sentences)
