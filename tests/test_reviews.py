"""Film reviews: reading, batching, metrics and pooling."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from data.prepare import split_snippets
from sentiment.batching import encode_reviews, pad, padded_batches
from sentiment.evaluation import evaluate, evaluate_reviews, write_predictions
from sentiment.pooling import POOLING_METHODS, make_classifier, pool
from sentiment.reviews import read_label_names, read_reviews, require_labels, require_same_classes
from sentiment.splits import choose_splits
from tests.helpers import random_llama
from tokenizer import Tokenizer


def write(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


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
        ("good ||| a\n", "line 1: the label 'good' is no integer"),
        ("1.0 ||| a\n", "line 1: the label '1.0' is no integer"),
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
    require_labels(two, ["bad", "good"])
    with pytest.raises(ValueError, match=r"line 2: label 4 is outside 0\.\.1"):
        require_labels(five, ["bad", "good"])
    with pytest.raises(ValueError, match=r"line 2: label -1 is outside"):
        require_labels(negative, ["bad", "good"])
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


def test_which_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sentiment.splits.SNIPPETS", tmp_path / "snippets-{split}.txt")
    nothing = {"train": None, "dev": None, "test": None}
    with pytest.raises(ValueError, match=r"no reviews: .*bash setup\.sh"):
        choose_splits(nothing, None, need_train=False)
    for split in nothing:
        write(tmp_path / f"snippets-{split}.txt", "0 ||| a\n4 ||| b\n")
    splits = choose_splits(nothing, None, need_train=True)
    assert splits.dataset == "snippets"
    assert "bash setup.sh --course" in splits.stand_in
    assert len(splits.label_names) == 5
    (tmp_path / "data").mkdir()
    for split in ("train", "dev"):
        write(tmp_path / "data" / f"cfimdb-{split}.txt", "0 ||| a\n1 ||| b\n")
    splits = choose_splits(nothing, None, need_train=True)
    assert (splits.dataset, splits.stand_in, splits.test) == ("cfimdb", "", None)
    assert splits.label_names == ["bad", "good"]
    assert splits.outputs("prompting", nothing)["dev"][1] == "cfimdb-dev-prompting-output.txt"
    with pytest.raises(ValueError, match=r"absent\.txt: no such file"):
        choose_splits({**nothing, "test": "absent.txt"}, None, need_train=False)


@given(
    ids=st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=30), min_size=1, max_size=40),
    max_tokens=st.integers(1, 100),
    max_rows=st.none() | st.integers(1, 5),
)
@settings(max_examples=60, deadline=None)
def test_batches_hold_every_text_once(ids, max_tokens, max_rows) -> None:
    seen = []
    for batch in padded_batches(ids, 7, max_tokens=max_tokens, max_rows=max_rows):
        assert len(batch.rows) == 1 or batch.tokens.numel() <= max_tokens
        assert max_rows is None or len(batch.rows) <= max_rows
        for i, row in enumerate(batch.rows):
            assert batch.tokens[i][batch.mask[i]].tolist() == ids[row]
            assert set(batch.tokens[i][~batch.mask[i]].tolist()) <= {7}
        seen += batch.rows
    assert sorted(seen) == list(range(len(ids)))


def test_batches_do_not_depend_on_the_order_of_the_file() -> None:
    generator = torch.Generator().manual_seed(0)
    ids = [torch.randint(0, 5, (n,), generator=generator).tolist() for n in (3, 5, 3, 4, 3, 5, 1)]
    order = torch.randperm(len(ids), generator=generator).tolist()
    first = [b.tokens.tolist() for b in padded_batches(ids, 0, max_tokens=10)]
    second = [b.tokens.tolist() for b in padded_batches([ids[i] for i in order], 0, max_tokens=10)]
    assert first == second


def test_a_review_longer_than_the_context_loses_its_end_and_keeps_the_question(folder) -> None:
    tokenizer = Tokenizer(tokenizer_model=folder / "tokenizer.model")
    suffix = "a hero? while playing "
    question = tokenizer.encode(suffix, bos=False, eos=False)[1:]
    sentences = ["a movie", "wonderful thriller " * 50]
    encoded = encode_reviews(sentences, tokenizer, 40, suffix=suffix)
    assert encoded.cut == 1
    assert encoded.ids[0] == tokenizer.encode(f"a movie {suffix}", bos=True, eos=False)
    for ids in encoded.ids:
        assert len(ids) <= 40
        assert ids[-len(question) :] == question
    assert len(encoded.ids[1]) >= 36
    short = encode_reviews(sentences, tokenizer, 40, max_len=2, suffix=suffix)
    assert short.cut == 2 or len(tokenizer.encode("a movie", False, False)) <= 2
    with pytest.raises(ValueError, match="question alone takes the context"):
        encode_reviews(sentences, tokenizer, 5, suffix=suffix)


def test_metrics_by_hand() -> None:
    metrics = evaluate([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 0, 1], 4)
    assert metrics.confusion == [[2, 1, 0, 0], [1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    assert metrics.accuracy == pytest.approx(3 / 6)
    assert metrics.majority == pytest.approx(3 / 6)
    # F1 of 0: 4/6, of 1: 2/5, of 2: 0; class 3 occurs nowhere
    assert metrics.macro_f1 == pytest.approx((4 / 6 + 2 / 5 + 0) / 3)
    assert "   <- predicted" in metrics.table(["a", "b", "c", "d"])
    with pytest.raises(ValueError, match="0 predictions for 0 labels"):
        evaluate([], [], 2)


def test_predictions_keep_the_files_order(tmp_path: Path) -> None:
    reviews = read_reviews(write(tmp_path / "x.txt", "0 ||| a ||| b\n1 ||| é\n"))
    write_predictions(tmp_path / "out.txt", [1, 0], reviews)
    assert (tmp_path / "out.txt").read_text("utf-8") == "1 ||| a ||| b\n0 ||| é\n"


@pytest.mark.parametrize("method", POOLING_METHODS)
def test_pooling_ignores_padding(method: str) -> None:
    torch.manual_seed(0)
    config = SimpleNamespace(num_labels=3, option="finetune", hidden_dropout_prob=0.5)
    classifier = make_classifier(config, method, random_llama()).eval()
    ids = [[5, 0, 3], [7, 8, 9, 10, 0], [3]]
    with torch.no_grad():
        batch = pad(ids, [0, 1, 2], 3)
        together = classifier(batch.tokens, batch.mask)
        left = classifier(batch.tokens.flip(1), batch.mask.flip(1))  # other texts, padded left
        for row, text in enumerate(ids):
            alone = classifier(torch.tensor([text]))
            torch.testing.assert_close(together[row : row + 1], alone, atol=1e-4, rtol=1e-4)
            alone = classifier(torch.tensor([text[::-1]]))
            torch.testing.assert_close(left[row : row + 1], alone, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(together.exp().sum(dim=1), torch.ones(3))


def test_pooling_by_hand() -> None:
    h = torch.tensor([[[1.0, 5.0], [3.0, -1.0], [9.0, 9.0]]])
    mask = torch.tensor([[True, True, False]])
    scores = torch.log(torch.tensor([[1.0, 3.0, 7.0]]))
    expected = {
        "last_token": [3, -1],
        "cls_token": [1, 5],
        "mean_pooling": [2, 2],
        "max_pooling": [3, 5],
        "attention_pooling": [2.5, 0.5],
    }
    for method, result in expected.items():
        got = pool(method, h, mask, scores)[0].tolist()
        assert got == pytest.approx(result), method


def test_snippets_are_split_without_a_sentence_twice() -> None:
    ratings = {-4.0: 0, -2.4: 0, -2.3: 1, -0.8: 1, 0.0: 2, 0.8: 2, 0.9: 3, 2.4: 3, 2.5: 4, 4.0: 4}
    rows = [f"{i}\t{rating}\tFilm  number {i}" for i, rating in enumerate(ratings)]
    rows += ["99\t4.0\tfilm NUMBER 0", "100\t-4.0\tfilm number  1 "]
    splits = split_snippets("\n".join(rows * 1))
    lines = [line for part in splits.values() for line in part]
    assert sorted(lines) == sorted(
        f"{label} ||| Film number {i}" for i, label in enumerate(ratings.values())
    )


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
