"""A trained classifier as an object of Python: saved, loaded, and labelling texts."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

import run_llama
from sentiment.trained import ReviewClassifier
from tests.helpers import review_flags, trained_runs


def test_two_lines_of_python(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(trained)
    texts = ["a hero wonderful while", "movie"]
    for run in trained_runs(trained).values():
        classifier = ReviewClassifier.load(run)
        expected = classifier.label(texts)
        classifier.save(tmp_path / "own.pt")  # whole, whatever it was loaded from
        again = ReviewClassifier.load(tmp_path / "own.pt")
        assert again.about.checkpoint is None
        assert again.label(texts) == expected
        assert {path.name for path in tmp_path.iterdir()} == {"own.pt", "own.tokenizer.model"}
    weight = again.model.llama
    assert weight.output.weight is weight.tok_embeddings.weight, "tied weights stay tied"


def test_what_was_cut_in_training_is_cut_again_and_bidirectional_stays(
    work: Path, trained: Path, run_here
) -> None:
    options = [*review_flags(work), "--epochs", "1", "--freeze", "--no-tensorboard", "--seed", "9"]
    options += ["--max_sentence_len", "2", "--bidirectional"]
    result = run_here(run_llama.main, "--option", "finetune", *options, cwd=trained)
    assert result.returncode == 0, result.stderr
    (run,) = trained.glob("runs/*seed9*")
    classifier = ReviewClassifier.load(run / "best.pt", trained / "stories42M.pt")
    shutil.rmtree(run)
    assert not classifier.model.llama.config.causal
    (_, short), (_, long) = classifier.label(["a hero", "a hero terrible movie"])
    assert short == pytest.approx(long)


def test_texts_that_are_none(trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(trained)
    classifier = ReviewClassifier.load(trained_runs(trained)["whole"] / "best.pt")
    assert classifier.label([]) == []
    with pytest.raises(ValueError, match="review 2 of 2 is empty"):
        classifier.label(["a", " \n"])


def test_a_file_that_is_no_classifier_is_named(trained: Path) -> None:
    torch.save(torch.ones(2), trained / "tensor.pt")
    with pytest.raises(ValueError, match=r"tensor\.pt: holds no classifier"):
        ReviewClassifier.load(trained / "tensor.pt")
    with pytest.raises(ValueError, match=r"stories42M\.pt: holds no classifier"):
        ReviewClassifier.load(trained / "stories42M.pt")
    with pytest.raises(ValueError, match=r"nope\.pt: no such file; finetune a classifier"):
        ReviewClassifier.load(trained / "nope.pt")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"label_names": ["bad", "good"]}, "holds no classifier of 2 labels with last_token"),
        ({"pooling": "attention_pooling"}, "holds no classifier of 3 labels with attention"),
        ({"pooling": "median"}, r"holds no classifier \(pooling 'median': none of"),
        ({"config": None}, "holds no classifier"),
        ({"config": {"dim": 64, "colour": 1}}, r"holds no classifier \(unknown .* 'colour'"),
        ({"colour": 1}, "holds no classifier"),
    ],
)
@pytest.mark.parametrize("kind", ["frozen", "whole"])
def test_a_damaged_classifier_is_named(
    trained: Path, tmp_path: Path, kind: str, changes: dict[str, Any], said: str
) -> None:
    contents = torch.load(trained_runs(trained)[kind] / "best.pt", weights_only=True)
    checkpoint = trained / "stories42M.pt" if kind == "frozen" else None
    torch.save({**contents, "about": contents["about"] | changes}, tmp_path / "damaged.pt")
    with pytest.raises(ValueError, match=rf"damaged\.pt: {said}"):
        ReviewClassifier.load(tmp_path / "damaged.pt", checkpoint)


def test_a_failed_save_leaves_nothing(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = ReviewClassifier.load(trained_runs(trained)["whole"])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("torch.save", full)
    with pytest.raises(ValueError, match=r"own\.pt: could not be written"):
        classifier.save(tmp_path / "own.pt")
    assert not list(tmp_path.iterdir())
