"""The classify mode as a user types it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import run_llama
from tests.helpers import (
    LABELS,
    PROJECT,
    assert_user_error,
    contents,
    ended_by,
    trained_runs,
    write,
)


@pytest.mark.parametrize("kind", ["frozen", "whole"])
def test_it_labels_as_finetune_did(work: Path, trained: Path, run_here, kind: str) -> None:
    """With its run named by nothing (the newest), and by its name."""
    sentences = [line.split(" ||| ")[1] for line in (work / "toy-dev.txt").read_text().splitlines()]
    file = write(trained / "reviews.txt", "\n".join(sentences) + "\n\n")
    run = trained_runs(trained)[kind]
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
    process = subprocess.Popen(
        command, cwd=trained, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with process, ended_by(process):
        assert process.stdin is not None
        assert process.stdout is not None
        for text in (b"a hero", b"wonderful while"):
            process.stdin.write(text + b"\n")
            process.stdin.flush()
            assert process.stdout.readline().strip().endswith(text)


def test_a_closed_standard_input(trained: Path, run_here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    result = run_here(run_llama.main, "--option", "classify", cwd=trained)
    assert result.returncode == 2
    assert "standard input is closed: give --text or --file" in result.stderr.splitlines()[-1]


def test_a_line_of_a_pipe_that_is_no_text_is_named(
    trained: Path, run_here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"good\n\xff\n")))
    result = run_here(run_llama.main, "--option", "classify", cwd=trained)
    assert result.returncode == 2
    assert "standard input, line 2: not UTF-8" in result.stderr.splitlines()[-1]


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
        whole = ["--run", trained_runs(trained)["whole"].name]
        result = run_here(run_llama.main, *options, *given, *whole, cwd=trained)
        assert_user_error(result, "holds its whole model; leave other.pt out")
    finally:
        moved.rename(trained / "stories42M.pt")


# Of other modes, or settled by finetune.
OTHERS = [
    *("--engine fast", "--dtype bfloat16", "--quantize int8", "--compile", "--bidirectional"),
    *("--tokenizer x", "--max_sentence_len 3", "--seed 3", "--prompt hello", "--batch_size 0"),
    *("--calibrate", "--pooling_method mean_pooling", "--no-freeze"),
]


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--text", " "], ["--text is empty"]),
        (["--text", "a", "--file", "b"], ["--text and --file are both given"]),
        (["--file", "nope.txt"], ["nope.txt"]),
        (["--file", "latin.txt"], ["latin.txt, line 2: not UTF-8"]),
        (["--text", "a", "--run", "nope"], ["nope: no such run", "finetune-toy-"]),
        *((["--text", "a", *flag.split()], [f"{flag.split()[0]}: --option"]) for flag in OTHERS),
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


def test_every_labels_probability(trained: Path, run_here) -> None:
    options = ["--option", "classify", "--text", "a hero", "--probabilities"]
    label, *numbers, text = run_here(run_llama.main, *options, cwd=trained).stdout.split("\t")
    probabilities = [float(number) for number in numbers]
    assert text == "a hero\n"
    assert len(probabilities) == len(LABELS)
    assert sum(probabilities) == pytest.approx(1, abs=0.002)
    assert LABELS[probabilities.index(max(probabilities))] == label


def test_a_review_that_cannot_be_spelt_is_named_among_all(
    trained: Path, run_here, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by its number in the batch that it happens to be in."""

    def spell(self: object, s: str, specials: bool) -> list[int]:
        if "\x14" in s:
            raise ValueError("character U+0014: take it out")
        return [5]

    monkeypatch.setattr("tokenizer.Tokenizer._text_to_ids", spell)
    file = write(trained / "odd.txt", "a hero\n" * 99 + "a \x14\n")
    result = run_here(run_llama.main, "--option", "classify", "--file", str(file), cwd=trained)
    assert result.returncode == 2
    assert "review 100: character U+0014: take it out" in result.stderr.splitlines()[-1]
