"""The prompt mode as a user types it, on a small course checkpoint."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import run_llama
from tests.helpers import (
    LABELS,
    PROJECT,
    assert_user_error,
    contents,
    review_flags,
)


@pytest.mark.parametrize("options", [[], ["--scoring", "course"], ["--calibrate"]])
def test_the_prompt_mode(work: Path, run_here, options: list[str], tmp_path: Path) -> None:
    outputs = ["--dev_out", str(tmp_path / "new" / "d.txt"), "--test_out", str(tmp_path / "t.txt")]
    result = run_here(
        run_llama.main, "--option", "prompt", *review_flags(work), *outputs, *options, cwd=work
    )
    assert result.returncode == 0, result.stderr
    for part in ("dev accuracy", "majority class", "macro F1", "<- predicted"):
        assert part in result.stdout
    written = (tmp_path / "new" / "d.txt").read_text().splitlines()
    sentences = [line.split(" ||| ")[1] for line in (work / "toy-dev.txt").read_text().splitlines()]
    assert [line.split(" ||| ")[1] for line in written] == sentences
    assert {line.split(" ||| ")[0] for line in written} <= {"0", "1", "2"}


def test_a_sorted_file_gives_the_same_predictions(work: Path, run_here, tmp_path: Path) -> None:
    lines = (work / "toy-dev.txt").read_text().splitlines()
    (tmp_path / "sorted-dev.txt").write_text("\n".join(sorted(lines)))
    found = []
    for name in (work / "toy-dev.txt", tmp_path / "sorted-dev.txt"):
        result = run_here(
            run_llama.main, "--option", "prompt", *review_flags(work, dev=str(name)),
            "--dev_out", str(tmp_path / "out.txt"), "--test_out", str(tmp_path / "t.txt"), cwd=work,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        found.append(sorted((tmp_path / "out.txt").read_text().splitlines()))
    assert found[0] == found[1]


def test_a_test_split_without_labels_has_no_accuracy(work: Path, run_here, tmp_path) -> None:
    (tmp_path / "x-test.txt").write_text("0 ||| a movie\n0 ||| a hero\n")
    options = review_flags(work, test=str(tmp_path / "x-test.txt"))
    result = run_here(run_llama.main, "--option", "prompt", *options, cwd=work)
    assert "test accuracy n/a" in result.stdout


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"dev": "absent.txt"}, ["absent.txt: no such file"]),
        ({"label-names": "two.json"}, ["label 2 is outside 0..1"]),
        ({"label-names": "absent.json"}, ["absent.json"]),
        ({"dev": "latin.txt"}, ["latin.txt, line 1: not UTF-8"]),
        ({"batch_size": "0"}, ["batch_size=0", "at least 1"]),
        ({"max_sentence_len": "0"}, ["max_sentence_len=0", "at least 1"]),
        ({"max_tokens": "0"}, ["max_tokens=0", "at least 1"]),
        ({"test_out": "stories42M.pt"}, ["is read by this run"]),
        ({"dev_out": "toy-dev.txt"}, ["toy-dev.txt: is read by this run"]),
        ({"label-names": "four.json"}, ["four.json names 4 labels", "none above 2"]),
        ({"dev_out": "x.txt", "test_out": "x.txt"}, ["two outputs cannot go into one file"]),
    ],
)
def test_bad_input_gets_one_line(
    work: Path, run_here, changes: dict[str, str], parts: list[str]
) -> None:
    (work / "four.json").write_text(json.dumps([*LABELS, "x"]))
    (work / "two.json").write_text('["bad", "good"]')
    (work / "latin.txt").write_bytes(b"0 ||| caf\xe9\n")
    before = contents(work)
    result = run_here(
        run_llama.main, "--option", "prompt", *review_flags(work, **changes), cwd=work
    )
    assert_user_error(result, *parts)
    assert contents(work) == before


def test_another_question_is_asked(work: Path, run_here, tmp_path: Path) -> None:
    outputs = ["--dev_out", str(tmp_path / "d.txt"), "--test_out", str(tmp_path / "t.txt")]
    question = "Is it {labels} that {x} says? It is"  # braces of one's own, no space at the end
    options = ["--option", "prompt", *review_flags(work), *outputs, "--question", question]
    result = run_here(run_llama.main, *options, cwd=work)
    assert result.returncode == 0, result.stderr
    asked = "Is it terrible, wonderful while, or movie that {x} says? It is "
    assert f"prompt    review + {asked!r}" in result.stdout
    usual = run_here(run_llama.main, "--option", "prompt", *review_flags(work), *outputs, cwd=work)
    assert usual.stdout != result.stdout
    empty = run_here(run_llama.main, *options, "--question", " ", cwd=work)
    assert_user_error(empty, "--question is empty")


def test_one_review_cannot_be_calibrated(work: Path, run_here, tmp_path: Path) -> None:
    (tmp_path / "x-dev.txt").write_text("1 ||| a movie\n")
    options = review_flags(work, dev=str(tmp_path / "x-dev.txt"))
    result = run_here(run_llama.main, "--option", "prompt", *options, "--calibrate", cwd=work)
    assert_user_error(result, "--calibrate subtracts", "x-dev.txt holds one review: leave it out")


@pytest.mark.slow
def test_reviews_may_come_through_a_pipe(work: Path, tmp_path: Path) -> None:
    """`<(...)` and standard input; they are read once, and their output has a name."""
    command = (
        '"$PYTHON" "$RUN" --option prompt --dev "$1" --label_names names.json '
        "--pretrained_model_path stories42M.pt"
    )
    for name in ("names.json", "stories42M.pt", "tokenizer.model", "toy-dev.txt"):
        shutil.copy(work / name, tmp_path)
    environment = {**os.environ, "PYTHON": sys.executable, "RUN": str(PROJECT / "run_llama.py")}
    for source in ("<(cat toy-dev.txt)", "- < toy-dev.txt"):
        line = command.replace('"$1"', source)
        result = subprocess.run(
            ["bash", "-c", line], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert result.returncode == 0, result.stderr
        lines = (tmp_path / "stdin-dev-prompting-output.txt").read_text().splitlines()
        assert len(lines) == len((work / "toy-dev.txt").read_text().splitlines())


def test_what_was_asked_to_be_replaced_is_with_a_word(work: Path, run_here, tmp_path: Path) -> None:
    outfile = tmp_path / "d.txt"
    outfile.write_text("1 ||| another film\n0 ||| and one more\n")
    options = ["--option", "prompt", *review_flags(work), "--dev_out", str(outfile)]
    result = run_here(run_llama.main, *options, cwd=work)
    assert f"note      {outfile} holds predictions for other reviews" in result.stdout
    again = run_here(run_llama.main, *options, cwd=work)
    assert "other reviews" not in again.stdout
