"""Reviews as lines, CSV and JSON lines; labels as numbers and as names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sentiment.reviews import HIDDEN, read_reviews, with_labels
from sentiment.tables import Columns
from tests.helpers import write

LONG = "word " * 40_000  # 200 kB, beyond what the csv library takes by itself


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv", 'text,label\n"fine, and ""good""",1\n"two\nlines",0\n'),
        ("x.csv", '\ufefflabel;text\r\n1;"fine, and ""good"""\r\n0;"two\r\nlines"\r\n'),
        ("x.tsv", 'id\tReview\tSentiment\n9\t"fine, and ""good"""\t1\n8\t"two\nlines"\t0.0\n'),
        ("x.JSONL", '{"text": "fine, and \\"good\\"", "label": 1}\n'
                    '{"label": "0", "text": "two\\nlines"}\n\n'),
    ],
    ids=["commas", "semicolons, BOM, CRLF", "tabs, other names", "JSON lines"],
)  # fmt: skip
def test_tables(tmp_path: Path, name: str, content: str) -> None:
    reviews = read_reviews(write(tmp_path / name, content))
    assert reviews.labels == [1, 0]
    assert reviews.sentences == ['fine, and "good"', "two lines"]
    assert reviews.names is None
    assert reviews.lines == ([1, 2] if name.endswith("JSONL") else [2, 3])


def test_columns_of_other_names(tmp_path: Path) -> None:
    table = write(tmp_path / "x.csv", "stars,text,comment\n1,no,yes\n")
    reviews = read_reviews(table, Columns("stars", "comment"))
    assert (reviews.labels, reviews.sentences) == ([1], ["yes"])
    assert read_reviews(table).labels == [HIDDEN], "no column of labels: hidden"


def test_a_long_text(tmp_path: Path) -> None:
    content = json.dumps({"label": 1, "text": LONG}) + "\n"
    for path in (write(tmp_path / "x.csv", f"label,text\n1,{LONG}\n"),
                 write(tmp_path / "x.jsonl", content)):  # fmt: skip
        assert read_reviews(path).sentences == [LONG.strip()]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.csv", "a,b\n1,x\n", "line 1: no column 'text' among 'a', 'b': give --text_column"),
        ("x.csv", "label,text\n1,a\n1,a,b\n", "line 3: not as many columns as the first line"),
        ("x.csv", "label,text\n1\n", "line 2: not as many columns"),
        ("x.csv", 'label,text\n1,"a\n', "line 2: unexpected end of data"),
        ("x.csv", "label,text\n", "holds no reviews"),
        ("x.csv", "label,text\n1,a\n1, \n", "line 3: the sentence is empty"),
        ("x.jsonl", '{"label": 1}\n', "line 1: no column 'text' among 'label'"),
        ("x.jsonl", '{"label": 1, "text": "a"}\n[1]\n', "line 2: no object with a label and"),
        ("x.jsonl", '{"label": 1, "text": 3}\n', "line 1: 'text' is no text"),
        ("x.jsonl", "{", "line 1: "),
        ("x.jsonl", "[" * 99_999, "line 1: "),
    ],
)
def test_a_malformed_row_is_named(tmp_path: Path, name: str, content: str, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        read_reviews(write(tmp_path / name, content))
    assert message in str(caught.value)
    assert name in str(caught.value)
    with pytest.raises(ValueError, match="no column 'x' among"):
        read_reviews(write(tmp_path / "y.csv", "label,text\n1,a\n"), Columns("x"))


def test_labels_that_are_spelt_out(tmp_path: Path) -> None:
    reviews = read_reviews(write(tmp_path / "x.txt", "pos ||| a\nneg ||| b\npos ||| c\n"))
    assert (reviews.names, reviews.labels) == (["neg", "pos"], [1, 0, 1])
    ordered = with_labels(reviews, ["pos", "neutral", "neg"], "names.json")
    assert ordered.labels == [0, 2, 0]
    assert with_labels(ordered, ["neg", "pos", "neutral"], "again.json").labels == [1, 0, 1]
    message = "x.txt, line 2: the label 'neg' is none of pos, bad, the labels of names.json"
    with pytest.raises(ValueError, match=message):
        with_labels(reviews, ["pos", "bad"], "names.json")
    one = read_reviews(write(tmp_path / "y.txt", "pos ||| a\npos ||| c\n"))
    assert one.has_labels, "the first of some names is no placeholder"


@pytest.mark.parametrize(
    ("path", "dataset"),
    [
        ("data/sst-dev.txt", "sst"),
        ("imdb/dev.txt", "imdb"),
        ("yelp/train.csv", "yelp"),
        ("amazon_test.jsonl", "amazon"),
        ("a.b-c/val.txt", "a.b-c"),
        ("reviews.txt", "reviews"),
    ],
)
def test_names_tell_datasets_apart(tmp_path: Path, path: str, dataset: str) -> None:
    file = tmp_path / path
    file.parent.mkdir(exist_ok=True, parents=True)
    content = {".csv": "label,text\n1,a\n", ".jsonl": '{"label": 1, "text": "a"}\n'}
    assert read_reviews(write(file, content.get(file.suffix, "1 ||| a\n"))).dataset == dataset
