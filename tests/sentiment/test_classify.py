"""The classify mode as a user types it, and the classifier in two lines of Python."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import run_llama
from sentiment.trained import ReviewClassifier
from tests.helpers import LABELS, PROJECT, assert_user_error, contents, review_flags, write


@pytest.fixture(scope="module")
def trained(work: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a whole model's run and, newer, a frozen one's."""
    folder = tmp_path_factory.mktemp("trained")
    for name in ("stories42M.pt", "tokenizer.model"):
        shutil.copy(work / name, folder / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for kind in ("--no-freeze", "--freeze"):
            options = [
                *review_flags(work),
                "--epochs",
                "6",
                "--lr",
                "3e-3",
                kind,
                "--no-tensorboard",
            ]
            patch.setattr("sys.argv", ["run_llama.py", "--option", "finetune", *options])
            run_llama.main()
    return folder


def runs(trained: Path) -> dict[str, Path]:
    found = {
        "frozen" if "frozen" in path.name else "whole": path for path in trained.glob("runs/*")
    }
    assert len(found) == 2
    return found


@pytest.mark.parametrize("kind", ["frozen", "whole"])
def test_it_labels_as_finetune_did(work: Path, trained: Path, run_here, kind: str) -> None:
    """With its run named by nothing (the newest), and by its name."""
    sentences = [line.split(" ||| ")[1] for line in (work / "toy-dev.txt").read_text().splitlines()]
    file = write(trained / "reviews.txt", "\n".join(sentences) + "\n\n")
    run = runs(trained)[kind]
    name = ["--run", run.name] * (kind == "whole")
    result = run_here(
        run_llama.main, "--option", "classify", "--file", str(file), *name, cwd=trained
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr.startswith(f"run       runs/{run.name}: {', '.join(LABELS)}\n")
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert [row[2] for row in rows] == sentences
    assert all(1 / 3 - 0.01 < float(row[1]) <= 1 for row in rows)
    metrics = json.loads((run / "metrics.json").read_text())
    right = [
        row[0] == LABELS[int(line[0])]
        for row, line in zip(rows, (work / "toy-dev.txt").read_text().splitlines(), strict=True)
    ]
    assert sum(right) / len(right) == pytest.approx(metrics["dev"]["accuracy"], abs=0.03)


def test_a_text_and_lines_on_standard_input(
    trained: Path, run_here, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = run_here(run_llama.main, "--option", "classify", "--text", "a hero", cwd=trained)
    piped = io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbfa hero\r\n\n  caf\xc3\xa9 movie \n"))
    monkeypatch.setattr(sys, "stdin", piped)
    lines = run_here(run_llama.main, "--option", "classify", cwd=trained).stdout.splitlines()
    assert [line.split("\t")[2] for line in lines] == ["a hero", "café movie"]
    assert lines[0].split("\t")[0] == one.stdout.split("\t")[0]


def test_whoever_waits_for_an_answer_gets_it(trained: Path) -> None:
    """A program that writes one line to the pipe, and reads before it writes the next."""
    command = [sys.executable, str(PROJECT / "run_llama.py"), "--option", "classify"]
    with subprocess.Popen(
        command, cwd=trained, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for text in (b"a hero", b"wonderful while"):
            process.stdin.write(text + b"\n")
            process.stdin.flush()
            assert process.stdout.readline().strip().endswith(text)


def test_a_line_of_a_pipe_that_is_no_text_is_named(
    trained: Path, run_here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"good\n\xff\n")))
    result = run_here(run_llama.main, "--option", "classify", cwd=trained)
    assert result.returncode == 2
    assert "standard input, line 2: not UTF-8" in result.stderr.splitlines()[-1]


def test_two_lines_of_python(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(trained)
    texts = ["a hero wonderful while", "movie"]
    for run in runs(trained).values():
        classifier = ReviewClassifier.load(run)
        expected = classifier.label(texts)
        assert [name for name, _ in expected] == [name for name, _ in classifier.label(texts)]
        classifier.save(tmp_path / "own.pt")  # whole, whatever it was loaded from
        again = ReviewClassifier.load(tmp_path / "own.pt")
        assert again.about.checkpoint is None
        assert again.label(texts) == expected
        assert {path.name for path in tmp_path.iterdir()} == {"own.pt", "own.tokenizer.model"}
    weight = again.model.llama
    assert weight.output.weight is weight.tok_embeddings.weight, "tied weights stay tied"


def test_a_frozen_run_finds_its_model_where_it_is_now(trained: Path, run_here) -> None:
    """And takes no other one for it."""
    moved = trained / "moved.pt"
    (trained / "stories42M.pt").rename(moved)
    try:
        options = ["--option", "classify", "--text", "a hero"]
        result = run_here(run_llama.main, *options, cwd=trained)
        assert result.returncode == 2
        assert "stories42M.pt, which is not there; say where it is now" in result.stderr
        given = ["--pretrained-model-path", "moved.pt"]
        assert run_here(run_llama.main, *options, *given, cwd=trained).returncode == 0
        state = torch.load(moved, weights_only=True)
        state["model"]["norm.weight"] += 1
        torch.save(state, trained / "other.pt")
        given = ["--pretrained-model-path", "other.pt"]
        result = run_here(run_llama.main, *options, *given, cwd=trained)
        assert_user_error(result, "was trained on another checkpoint than other.pt")
        whole = ["--run", runs(trained)["whole"].name]
        result = run_here(run_llama.main, *options, *given, *whole, cwd=trained)
        assert_user_error(result, "holds its whole model; leave other.pt out")
    finally:
        moved.rename(trained / "stories42M.pt")


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--text", " "], ["--text is empty"]),
        (["--text", "a", "--file", "b"], ["--text and --file are both given"]),
        (["--file", "nope.txt"], ["nope.txt"]),
        (["--file", "latin.txt"], ["latin.txt, line 2: not UTF-8"]),
        (["--text", "a", "--run", "nope"], ["nope: no such run", "finetune-toy-"]),
        (
            ["--text", "a", "--quantize", "int8"],
            ["leave out --quantize"],
        ),
        (["--text", "a", "--dtype", "bfloat16"], ["leave out --dtype"]),
        (["--text", "a", "--bidirectional"], ["leave out --bidirectional"]),
        (["--text", "a", "--max_sentence_len", "3"], ["leave out --max_sentence_len"]),
    ],
)
def test_bad_input_gets_one_line(
    trained: Path, run_here, options: list[str], parts: list[str]
) -> None:
    write(trained / "latin.txt", b"good\ncaf\xe9\n")
    before = contents(trained)
    result = run_here(run_llama.main, "--option", "classify", *options, cwd=trained)
    assert_user_error(result, *parts)
    assert contents(trained) == before


def test_without_any_run(tmp_path: Path, run_here) -> None:
    result = run_here(run_llama.main, "--option", "classify", "--text", "a", cwd=tmp_path)
    assert_user_error(result, "no finished run runs/finetune-...: train one first, or name one")


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
    classifier = ReviewClassifier.load(runs(trained)["whole"] / "best.pt")
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
