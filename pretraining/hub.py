"""Corpora by name, each made a file once: the film reviews that set-up fetched, as texts, and what
Hugging Face's `datasets` (an extra) brings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from data import SNIPPETS
from support.files import atomic_path, read_bytes, write_text


@dataclass(frozen=True)
class Dataset:
    """Where a corpus is, and what of it is held out."""

    path: str  # on the hub, or a folder
    config: str | None = None
    valid: str | None = "validation"  # the split; None: there is none
    heading: str | None = None  # rows are lines, and a document begins with such a one


HEADING = r" = [^=].* = \n?$"  # of an article; sections have more signs
DATASETS = {
    "tinystories": Dataset("roneneldan/TinyStories"),
    "openwebtext": Dataset("Skylion007/openwebtext", valid=None),
    "wikitext-2": Dataset("Salesforce/wikitext", "wikitext-2-raw-v1", heading=HEADING),
    "wikitext-103": Dataset("Salesforce/wikitext", "wikitext-103-raw-v1", heading=HEADING),
}
REVIEWS = "snippets"  # a name, too
NAMES = (REVIEWS, *DATASETS)


def fetched(name: str, folder: Path) -> tuple[Path, Path | None]:
    """The texts of a name as `.jsonl` files in a folder, made there if they are not: to train on,
    and held out.

    Raises:
        ValueError: the package is missing, or the texts cannot be had.
    """
    if name == REVIEWS:
        train = _reviews("train", folder / f"{name}.train.jsonl")
        return train, _reviews("dev", folder / f"{name}.valid.jsonl")
    of = DATASETS[name]
    found = {"train": folder / f"{name}.train.jsonl"}
    if of.valid:
        found[of.valid] = folder / f"{name}.valid.jsonl"
    missing = {split: path for split, path in found.items() if not path.exists()}
    if missing:
        try:
            import datasets
        except ImportError as error:
            raise ValueError(
                f"{name}: needs the package datasets (extra datasets): pip install datasets"
            ) from error
        for split, path in missing.items():
            try:
                rows = datasets.load_dataset(of.path, of.config, split=split, streaming=True)
                with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8") as file:
                    bar = tqdm(rows, f"{name} {split}", unit="row", leave=False, disable=None)
                    for text in documents((row["text"] for row in bar), of.heading):
                        file.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")
            except (OSError, RuntimeError, ValueError, KeyError) as error:
                raise ValueError(
                    f"{name}: cannot be had from {of.path} ({error}); give a text as --text.data"
                ) from error
    return found["train"], found.get(of.valid or "")


def _reviews(split: str, path: Path) -> Path:
    """The sentences of a split of `label ||| sentence`."""
    content = read_bytes(str(SNIPPETS).format(split=split), "bash setup.sh fetches it")
    rows = [line.partition(" ||| ")[2] for line in content.decode().splitlines()]
    write_text(path, "".join(json.dumps({"text": row}) + "\n" for row in rows))
    return path


def documents(rows: Iterable[str], heading: str | None) -> Iterator[str]:
    """Rows as they are, or lines joined up to the next heading."""
    if heading is None:
        yield from rows
        return
    lines: list[str] = []
    for row in rows:
        if re.match(heading, row) and any(lines):
            yield "".join(lines)
            lines = []
        lines.append(row)
    yield "".join(lines)
