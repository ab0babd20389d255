"""Corpora by name, through the `datasets` package: here a folder stands where the hub's would."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("datasets", reason="needs the package datasets")
pytest.importorskip("regex")

from pretraining import hub
from pretraining.hub import Dataset, fetched
from pretraining.prepare import prepare
from pretraining.settings import Text
from tests.helpers import write

LINES = [
    "",
    " = Robert = \n",
    "",
    " Robert is an actor . \n",
    " = = Career = = \n",
    " He acts . \n",
]
LINES += [" = Du Fu = \n", " A poet . \n"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder, and a dataset with two splits."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    (tmp_path / "wiki").mkdir()
    for split in ("train", "validation"):
        rows = "".join(json.dumps({"text": line}) + "\n" for line in LINES)
        write(tmp_path / "wiki" / f"{split}.jsonl", rows)
    of = Dataset(str(tmp_path / "wiki"), heading=hub.HEADING)
    monkeypatch.setitem(hub.DATASETS, "wikitext-2", of)
    return tmp_path


def test_lines_become_articles(place: Path) -> None:
    texts, valid = fetched("wikitext-2", place / "cache")
    assert valid is not None
    for path in (texts, valid):
        records = [json.loads(line)["text"] for line in path.read_text().splitlines()]
        assert records == ["".join(LINES[:6]), "".join(LINES[6:])]


def test_a_name_is_a_corpus_with_its_own_held_out_text(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = prepare(Text(data=Path("wikitext-2"), vocab_size=270))
    about = corpus.about["splits"]
    assert about["train"] == about["valid"]
    assert about["train"]["documents"] == 2

    def offline(*_: Any, **__: Any) -> Any:
        raise AssertionError("asked for again")

    monkeypatch.setattr("datasets.load_dataset", offline)
    assert prepare(Text(data=Path("wikitext-2"), vocab_size=270)).folder == corpus.folder


def test_what_cannot_be_had_is_one_line(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(hub.DATASETS, "wikitext-2", Dataset(str(place / "none")))
    with pytest.raises(
        ValueError, match=r"cannot be had from .*none \(.*; give a text as --text.data"
    ):
        fetched("wikitext-2", place / "cache")
    assert not list((place / "cache").glob("*"))


def test_the_reviews_are_a_corpus(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for split in ("train", "dev"):
        write(place / f"r-{split}.txt", "3 ||| A fine film .\n1 ||| Dull , ||| and long .\n" * 9)
    monkeypatch.setattr(hub, "SNIPPETS", place / "r-{split}.txt")
    corpus = prepare(Text(data=Path("snippets"), vocab_size=270))
    assert corpus.about["splits"]["valid"]["documents"] == 18
    text = corpus.tokenizer().decode(corpus.tokens("train").tolist())
    assert text.startswith("A fine film .")
    assert "Dull , ||| and long ." in text
    monkeypatch.setattr(hub, "SNIPPETS", place / "none-{split}.txt")
    with pytest.raises(ValueError, match="no such file; bash setup.sh fetches it"):
        prepare(Text(data=Path("snippets"), vocab_size=270))
