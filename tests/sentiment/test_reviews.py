"""Reading reviews and label names: every fault is named with its file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentiment.evaluation import evaluate_reviews
from sentiment.reviews import read_label_names, read_reviews, require_same_classes, with_labels
from tests.helpers import write


@pytest.mark.parametrize(
    "content",
    [
        "0 ||| bad\n1 ||| good ||| really\n",
        "0 ||| bad\r\n1 ||| good ||| really\r\n",
        "\ufeff0 ||| bad\n1 ||| good ||| really\n\n \n",
        " 0  ||| bad \n1 ||| good ||| really",
    ],
    ids=["plain", "CRLF", "BOM and blank end", "spaces, no last newline"],
)
def test_reading(tmp_path: Path, content: str) -> None:
    reviews = read_reviews(write(tmp_path / "film-dev.txt", content))
    assert reviews.labels == [0, 1]
    assert reviews.sentences == ["bad", "good ||| really"]
    assert reviews.dataset == "film"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no reviews"),
        ("\n\n", "holds no reviews"),
        ("0 ||| a\n1 | b\n", "line 2: lacks ' ||| '"),
        ("0 ||| a\n\n1 ||| b\n", "line 2: lacks ' ||| '"),
        ("1 ||| a\ngood ||| b\n", "line 2: the label 'good' is no integer"),
        ("good ||| a\n1 ||| b\n", "line 2: the label '1' is no name, as that of line 1 is"),
        ("0 ||| \n1 |||  \n", "line 1: the sentence is empty"),
        (b"0 ||| a\n1 ||| caf\xe9\n", "line 2: not UTF-8"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, content: bytes | str, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        read_reviews(write(tmp_path / "x.txt", content))
    assert message in str(caught.value)
    assert "x.txt" in str(caught.value)


def test_labels_and_names_have_to_fit(tmp_path: Path) -> None:
    two = read_reviews(write(tmp_path / "two-train.txt", "0 ||| a\n1 ||| b\n"))
    five = read_reviews(write(tmp_path / "five-dev.txt", "0 ||| a\n4 ||| b\n"))
    negative = read_reviews(write(tmp_path / "n-dev.txt", "0 ||| a\n-1 ||| b\n"))
    assert with_labels(two, ["bad", "good"], "names.json") == two
    for reviews, label in ((five, 4), (negative, -1)):
        message = rf"line 2: label {label} is outside 0\.\.1, the 2 labels of names\.json"
        with pytest.raises(ValueError, match=message):
            with_labels(reviews, ["bad", "good"], "names.json")
    with pytest.raises(ValueError, match=r"has the labels \[4\], which .*two-train"):
        require_same_classes(two, five)
    for content in ("", "{}", '["one"]', '["a", "a"]', '["a", 3]', '["a", " "]'):
        with pytest.raises(ValueError, match=r"names\.json"):
            read_label_names(write(tmp_path / "names.json", content))
    with pytest.raises(ValueError, match=r"absent\.json"):
        read_label_names(tmp_path / "absent.json")


def test_a_placeholder_is_no_label(tmp_path: Path) -> None:
    reviews = read_reviews(write(tmp_path / "x-test.txt", "0 ||| a\n0 ||| b\n"))
    assert evaluate_reviews(reviews, [0, 1], 2) is None
    assert evaluate_reviews(read_reviews(write(tmp_path / "y.txt", "1 ||| a\n")), [1], 2)


@pytest.mark.skipif(
    not (Path("data") / "snippets-dev.txt").exists(), reason="bash setup.sh prepares the snippets"
)
def test_the_snippets_as_set_up_leaves_them() -> None:
    parts = {s: read_reviews(Path("data") / f"snippets-{s}.txt") for s in ("train", "dev", "test")}
    assert [len(part) for part in parts.values()] == [8603, 1000, 1000]
    folded = [" ".join(s.casefold().split()) for part in parts.values() for s in part.sentences]
    assert len(set(folded)) == len(folded)
    counts = [sum(part.labels.count(label) for part in parts.values()) for label in range(5)]
    assert counts == [1057, 3764, 1011, 3768, 1003]  # of 10,605 rows two occur twice


@pytest.mark.parametrize("hidden", [0, -1])
def test_a_hidden_label_is_no_label(tmp_path: Path, hidden: int) -> None:
    content = "".join(f"{hidden} ||| text {i}\n" for i in range(5))
    reviews = read_reviews(write(tmp_path / "x-test.txt", content))
    assert not reviews.has_labels
    assert with_labels(reviews, ["bad", "good"], "names.json").labels == [hidden] * 5
    one = read_reviews(write(tmp_path / "y-test.txt", f"{hidden} ||| text\n"))
    assert one.has_labels == (hidden == 0)


def test_label_names_lose_the_space_around_them(tmp_path: Path) -> None:
    assert read_label_names(write(tmp_path / "n.json", '[" bad", "so so ", "good"]')) == [
        "bad",
        "so so",
        "good",
    ]
    with pytest.raises(ValueError, match="two or more different names"):
        read_label_names(write(tmp_path / "n.json", '["good", "good "]'))
