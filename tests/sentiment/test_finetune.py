"""The finetune mode as a user types it, on a small course checkpoint."""

from __future__ import annotations

import csv
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

import run_llama
from classifier import LlamaEmbeddingClassifier
from llama import FeedForward, load_pretrained
from optimizer import AdamW
from sentiment.evaluation import Metrics, evaluate
from sentiment.task import ReviewTask, weights_of
from tests.helpers import (
    LABELS,
    PROJECT,
    assert_user_error,
    contents,
    ended_by,
    review_flags,
    write,
)
from tokenizer import Tokenizer

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture(autouse=True)
def no_earlier_runs(work: Path) -> None:
    """Each test begins without runs."""
    shutil.rmtree(work / "runs", ignore_errors=True)


def the_run(folder: Path) -> Path:
    """The one run in a folder."""
    (run,) = (folder / "runs").iterdir()
    return run


def finetune(work: Path, *options: str) -> list[str]:
    return ["--option", "finetune", *review_flags(work), "--epochs", "2", "--lr", "1e-3", *options]


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--freeze"],
        ["--pooling_method", "mean_pooling"],
        ["--freeze", "--pooling_method", "attention_pooling"],
        ["--autocast", "on"],
        ["--batch_size", "80", "--max_tokens", "50"],
    ],
    ids=" ".join,
)
def test_the_finetune_mode(work: Path, run_here, options: list[str]) -> None:
    result = run_here(run_llama.main, *finetune(work, *options), cwd=work)
    assert result.returncode == 0, result.stderr
    for part in ("run       runs/finetune-toy-batch", "training  ", "test accuracy"):
        assert part in result.stdout, result.stdout
    run = the_run(work)
    metrics = json.loads((run / "metrics.json").read_text())
    assert len(metrics["epochs"]) == 2
    assert 0 <= metrics["dev"]["accuracy"] <= 1
    for split in ("dev", "test"):
        lines = (work / f"toy-{split}-finetuning-output.txt").read_text().splitlines()
        assert len(lines) == len((work / f"toy-{split}.txt").read_text().splitlines())
    kept = {"best.pt", "best.tokenizer.model", "config.json", "last.pt", "lock", "log.jsonl"}
    kept |= {"dev-output.txt", "metrics.json", "test-output.txt"}
    kept |= {"curves.png"} if find_spec("matplotlib") else set()
    assert {path.name for path in run.iterdir()} == kept
    log = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [record["epoch"] for record in log if "Accuracy/dev" in record] == [1, 2]
    assert any("Accuracy/test" in record for record in log)


@pytest.mark.slow
def test_the_name_tells_runs_apart(work: Path, run_here) -> None:
    for options in ([], ["--seed", "5"], ["--batch_size", "16"], ["--hidden_dropout_prob", "0.1"]):
        options = finetune(work, "--freeze", "--no-tensorboard", *options)
        result = run_here(run_llama.main, *options, cwd=work)
        assert result.returncode == 0, result.stderr
    assert "is an earlier run and stays" in result.stdout
    name = "finetune-toy-batch{}-lr0.001-seed{}-stories42M-frozen{}"
    assert {run.name for run in (work / "runs").iterdir()} == {
        name.format(8, 1337, ""),
        name.format(8, 5, ""),
        name.format(16, 1337, ""),
        name.format(8, 1337, "-2"),
    }


def test_resuming_a_finished_run_writes_the_same_again(work: Path, run_here) -> None:
    options = finetune(work, "--freeze", "--no-tensorboard", "--resume")
    first = run_here(run_llama.main, *options, cwd=work)
    assert "to go on with: starting anew" in first.stdout
    run = the_run(work)
    before = {path.name: path.read_bytes() for path in run.iterdir() if path.suffix != ".png"}
    second = run_here(run_llama.main, *options, cwd=work)
    assert second.returncode == 0, second.stderr
    assert f"resumed   runs/{run.name}, after 2 epochs and 0 batches" in second.stdout
    assert {
        path.name: path.read_bytes() for path in run.iterdir() if path.suffix != ".png"
    } == before
    assert the_run(work) == run


def test_a_frozen_backbone_equals_the_model_it_stands_for(work: Path, run_here) -> None:
    """Training the head on looked-up states equals training it on computed ones."""
    run_here(run_llama.main, *finetune(work, "--freeze", "--autocast", "off"), cwd=work)
    saved = torch.load(the_run(work) / "best.pt", weights_only=True)["model"]
    config = SimpleNamespace(num_labels=3, option="frozen", hidden_dropout_prob=0.3)
    classifier = LlamaEmbeddingClassifier(config, load_pretrained(work / "stories42M.pt")).eval()
    own = classifier.state_dict()
    classifier.load_state_dict({**own, **saved})
    tokenizer = Tokenizer(tokenizer_model=work / "tokenizer.model")
    predictions = []
    for line in (work / "toy-dev.txt").read_text().splitlines():
        ids = tokenizer.encode(line.split(" ||| ")[1], bos=True, eos=False)
        predictions.append(str(int(classifier(torch.tensor([ids])).argmax())))
    written = (work / "toy-dev-finetuning-output.txt").read_text().splitlines()
    assert [line.split(" ||| ")[0] for line in written] == predictions


def test_damaged_states_are_computed_again(work: Path, run_here) -> None:
    options = finetune(work, "--freeze", "--max_sentence_len", "5")
    assert run_here(run_llama.main, *options, cwd=work).returncode == 0
    for path in (work / ".feature_cache").iterdir():
        path.write_bytes(path.read_bytes()[:100])
    result = run_here(run_llama.main, *options, cwd=work)
    assert result.returncode == 0, result.stderr
    assert "truncated or corrupt; computing the states again" in result.stdout


def test_the_best_epoch_is_what_is_kept_and_evaluated(
    work: Path, run_here, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here the first one, by a judge who likes each epoch less."""
    original, scores = ReviewTask.evaluate, itertools.count(0, -1)
    monkeypatch.setattr(ReviewTask, "evaluate", lambda task: (next(scores), original(task)[1]))
    options = finetune(work, "--epochs", "6", "--lr", "3e-3", "--autocast", "off")
    result = run_here(run_llama.main, *options, cwd=work)
    assert "best      epoch 1, read back from" in result.stdout, result.stderr
    run = the_run(work)
    metrics = json.loads((run / "metrics.json").read_text())
    dev = [epoch["Accuracy/dev"] for epoch in metrics["epochs"]]
    assert dev[-1] != dev[0], "else this test could not fail"
    assert metrics["dev"]["accuracy"] == dev[0]


def test_a_run_on_other_reviews_of_the_same_name_is_another(
    work: Path, run_here, tmp_path: Path
) -> None:
    """Also where nothing but a label differs, and --train and --dev have one name."""
    (tmp_path / "t").mkdir()
    (tmp_path / "d").mkdir()
    text = (work / "toy-train.txt").read_text()
    train = write(tmp_path / "t" / "x.txt", text)
    dev = write(tmp_path / "d" / "x.txt", (work / "toy-dev.txt").read_text())
    flags = review_flags(work, train=str(train), dev=str(dev))
    options = ["--option", "finetune", *flags, "--freeze", "--no-tensorboard", "--resume"]
    assert run_here(run_llama.main, *options, cwd=work).returncode == 0
    write(train, text.replace("0 |||", "1 |||", 1))
    assert_user_error(
        run_here(run_llama.main, *options, cwd=work), "of another run: train, SHA-256"
    )


def test_a_full_disk_is_named_and_the_curves_are_drawn(
    work: Path, run_here, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.undo()  # it is rendered here

    def full(*_: object) -> None:
        raise ValueError("the disk is full")

    monkeypatch.setattr("training.trainer.Trainer.load_best", full)
    options = finetune(work, "--freeze", "--no-tensorboard")
    assert_user_error(run_here(run_llama.main, *options, cwd=work), "the disk is full")
    assert (the_run(work) / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_room_is_looked_for_before_a_folder_is_made(
    work: Path, run_here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("support.files.shutil.disk_usage", lambda _: SimpleNamespace(free=10_000))
    result = run_here(run_llama.main, *finetune(work), cwd=work)
    assert_user_error(result, "a run in runs/ takes", "make room")
    assert not (work / "runs").exists()


def test_resume_with_other_arguments_names_them(work: Path, run_here) -> None:
    assert run_here(run_llama.main, *finetune(work, "--freeze"), cwd=work).returncode == 0
    for changed, part in (
        (["--lr", "0.5"], "lr 0.001 then and 0.5 now"),
        (["--bidirectional"], "causal True then and False now"),
        (["--max_sentence_len", "3"], "tokens"),
    ):
        options = finetune(work, "--freeze", "--resume", *changed)
        assert_user_error(run_here(run_llama.main, *options, cwd=work), "of another run", part)


@pytest.mark.slow
def test_layers_that_compute_twice_train_the_same(
    work: Path, run_here, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved, calls = [], []
    original = FeedForward.SwiGLU
    for choice in ("off", "on"):
        count = itertools.count()
        monkeypatch.setattr(FeedForward, "SwiGLU", lambda *x, c=count: (next(c), original(*x))[1])
        options = finetune(work, "--activation_checkpointing", choice, "--autocast", "off")
        assert run_here(run_llama.main, *options, cwd=work).returncode == 0
        saved.append(torch.load(the_run(work) / "last.pt", weights_only=True)["model"])
        shutil.rmtree(work / "runs")
        calls.append(next(count))
    assert all(torch.equal(weight, saved[1][name]) for name, weight in saved[0].items())
    assert calls[1] > 1.5 * calls[0]


def test_a_compiled_step_is_for_whole_models_and_needs_a_compiler(
    work: Path, run_here, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = finetune(work, "--compile")
    refused = run_here(run_llama.main, *options, "--freeze", cwd=work)
    assert_user_error(refused, "--compile", "--no-freeze")
    monkeypatch.setattr(run_llama, "compile_fault", lambda: "no C++ compiler here")
    result = run_here(run_llama.main, *options, cwd=work)
    assert result.returncode == 0, result.stderr
    assert "note      compile: no C++ compiler here" in result.stdout


def test_a_learners_adamw_is_refused_before_a_folder_is_made(
    work: Path, run_here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_llama, "compile_fault", lambda: "")
    monkeypatch.delattr(AdamW, "update")
    result = run_here(run_llama.main, *finetune(work, "--compile"), cwd=work)
    assert_user_error(result, "compile: the AdamW of this tree has no update")
    assert not (work / "runs").exists()


def test_the_seed_may_be_large(work: Path, run_here) -> None:
    options = finetune(work, "--freeze", "--seed", str(2**62))
    assert run_here(run_llama.main, *options, cwd=work).returncode == 0


def test_tensorboard_is_on_where_it_is_installed(work: Path, run_here, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    outputs = ["--dev_out", str(tmp_path / "d.txt"), "--test_out", str(tmp_path / "t.txt")]
    result = run_here(run_llama.main, *finetune(work, "--freeze", *outputs), cwd=work)
    assert result.returncode == 0, result.stderr
    tags: set[str] = set()
    for events in tmp_path.rglob("events.out.*"):
        log = EventAccumulator(str(events)).Reload()
        tags |= set(log.Tags()["scalars"])
    assert tags >= {
        "Loss/train_step", "Loss/train_epoch", "Loss/dev", "Loss/test", "Accuracy/dev",
        "Accuracy/test", "F1/dev", "F1/test", "best_dev_accuracy", "best_epoch",
    }  # fmt: skip


@pytest.mark.slow
def test_killed_at_random_moments_it_ends_the_same(work: Path, run_here, tmp_path: Path) -> None:
    """kill -9, twice, each followed by --resume."""
    options = finetune(work, "--save_minutes", "0", "--epochs", "5", "--seed", "5")
    options += ["--threads", str(torch.get_num_threads())]
    options += ["--pretrained-model-path", str(work / "stories42M.pt")]
    options += ["--tokenizer", str(work / "tokenizer.model")]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    killed.mkdir()
    assert run_here(run_llama.main, *options, cwd=whole).returncode == 0
    rng = random.Random(5)
    command = [sys.executable, str(PROJECT / "run_llama.py"), *options, "--resume"]
    for kill in range(2):
        process = subprocess.Popen(command, cwd=killed, stdout=subprocess.DEVNULL)
        with process, ended_by(process):
            known = saved_at(killed)
            while process.poll() is None and saved_at(killed) == known:
                time.sleep(0.005)
            time.sleep(rng.random() * 0.1)
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL, kill
        assert saved_at(killed) != known, kill
    assert run_here(run_llama.main, *command[2:], cwd=killed).returncode == 0
    for name in ("best.pt", "last.pt"):
        a, b = (torch.load(the_run(d) / name, weights_only=True) for d in (whole, killed))
        assert all(torch.equal(x, b["model"][n]) for n, x in a["model"].items())
    for name in ("toy-dev-finetuning-output.txt", "toy-test-finetuning-output.txt"):
        assert (whole / name).read_bytes() == (killed / name).read_bytes()
    logs = [(the_run(folder) / "log.jsonl").read_text().splitlines() for folder in (whole, killed)]
    steps = [[{**json.loads(line), "seconds": 0} for line in log] for log in logs]
    assert steps[0] == steps[1]
    assert not list(killed.rglob(".*.part")), "a killed run's half-written file was left"


def saved_at(folder: Path) -> float | None:
    """When the state of the one run in a folder was last saved."""
    times = [path.stat().st_mtime_ns for path in folder.glob("runs/*/last.pt")]
    return max(times, default=None)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_it_is_said_how_to_go_on(
    work: Path, tmp_path: Path, number: signal.Signals
) -> None:
    options = finetune(work, "--epochs", "100000", "--freeze", "--pretrained-model-path")
    options += [str(work / "stories42M.pt"), "--tokenizer", str(work / "tokenizer.model")]
    command = [sys.executable, "-u", str(PROJECT / "run_llama.py"), *options]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("epoch 2"):
                break
        process.send_signal(number)
        output, errors = process.communicate(timeout=300)
    assert process.returncode == 128 + number, errors
    assert "go on with the same command and --resume" in output
    assert "Traceback" not in errors
    assert (the_run(tmp_path) / "last.pt").exists()
    assert (the_run(tmp_path) / "log.jsonl").exists()


@pytest.mark.slow
def test_two_runs_at_once(work: Path, tmp_path: Path) -> None:
    """Side by side: neither loses anything to the other, be it the states that both keep."""
    options = finetune(work, "--epochs", "4", "--no-tensorboard", "--freeze")
    options += ["--pretrained-model-path", str(work / "stories42M.pt")]
    options += ["--tokenizer", str(work / "tokenizer.model")]
    command = [sys.executable, str(PROJECT / "run_llama.py"), *options]
    both = [
        subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    for process in both:
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
    first, second = sorted((tmp_path / "runs").iterdir())
    assert second.name == f"{first.name}-2"
    a, b = (torch.load(run / "best.pt", weights_only=True)["model"] for run in (first, second))
    assert all(torch.equal(weight, b[name]) for name, weight in a.items())


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"dev_out": "toy-train.txt"}, ["toy-train.txt: is read by this run"]),
        ({"dev_out": "names.json"}, ["names.json: is read by this run"]),
        ({"train": "two-train.txt"}, ["has the labels [2]", "two-train.txt"]),
        ({"epochs": "0"}, ["epochs=0", "at least 1"]),
        ({"batch_size": "0"}, ["batch_size=0", "at least 1"]),
        ({"max_tokens": "-5"}, ["max_tokens=-5", "at least 1"]),
        ({"max_sentence_len": "0"}, ["max_sentence_len=0", "at least 1"]),
        ({"lr": "0"}, ["lr=0", "positive"]),
        ({"hidden_dropout_prob": "1"}, ["hidden_dropout_prob=1", "[0, 1)"]),
        ({"save_minutes": "-1"}, ["save_minutes=-1"]),
        ({"dtype": "bfloat16"}, ["--dtype bfloat16", "--autocast"]),
        ({"quantize": "int8"}, ["finetune trains the taught model", "--quantize"]),
        ({"engine": "fast"}, ["finetune trains the taught model", "--engine fast"]),
        ({"pooling_method": "median"}, ["--pooling_method", "'median'"]),
    ],
)
def test_bad_input_gets_one_line(
    work: Path, run_here, changes: dict[str, str], parts: list[str]
) -> None:
    (work / "two-train.txt").write_text("0 ||| a\n1 ||| b\n")
    before = contents(work)
    result = run_here(
        run_llama.main, "--option", "finetune", *review_flags(work, **changes), cwd=work
    )
    assert_user_error(result, *parts)
    assert contents(work) == before


def test_a_rate_that_is_far_too_high_is_an_error_and_nothing_is_written(
    work: Path, run_here, tmp_path: Path
) -> None:
    outputs = ["--dev_out", str(tmp_path / "d.txt"), "--test_out", str(tmp_path / "t.txt")]
    for kind in ("--freeze", "--no-freeze"):
        options = finetune(work, "--lr", "1e38", kind, "--no-tensorboard", *outputs)
        result = run_here(run_llama.main, *options, cwd=work)
        assert_user_error(result, "not finite")
        run = the_run(work)
        assert not (run / "metrics.json").exists()
        shutil.rmtree(work / "runs")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_model_with_nan_in_it_is_no_backbone(work: Path, run_here, tmp_path: Path) -> None:
    """Its states are not kept either, for a later run to find."""
    contents = torch.load(work / "stories42M.pt", weights_only=True)
    contents["model"]["norm.weight"][3] = float("nan")
    torch.save(contents, tmp_path / "nan.pt")
    shutil.copy(work / "tokenizer.model", tmp_path)
    for option in ("finetune", "prompt"):
        options = ["--option", option, *review_flags(work), "--pretrained-model-path", "nan.pt"]
        result = run_here(
            run_llama.main, *options, *["--freeze"] * (option == "finetune"), cwd=tmp_path
        )
        assert_user_error(result, "scores are not finite: damaged weights")
    assert not list(tmp_path.glob(".feature_cache/*"))
    assert not list(tmp_path.glob("*-output.txt"))


def test_a_finished_run_goes_on_for_more_epochs(work: Path, run_here) -> None:
    options = finetune(work, "--freeze", "--no-tensorboard")
    assert run_here(run_llama.main, *options, cwd=work).returncode == 0
    more = run_here(run_llama.main, *options, "--resume", "--epochs", "4", cwd=work)
    assert more.returncode == 0, more.stderr
    run = the_run(work)
    assert len(json.loads((run / "metrics.json").read_text())["epochs"]) == 4
    assert json.loads((run / "config.json").read_text())["epochs"] == 4
    resumed = torch.load(run / "last.pt", weights_only=True)
    fewer = run_here(run_llama.main, *options, "--resume", "--epochs", "1", cwd=work)
    assert_user_error(fewer, "has done 4 epochs: give as many or more")
    shutil.rmtree(work / "runs")
    assert run_here(run_llama.main, *options, "--epochs", "4", cwd=work).returncode == 0
    unbroken = torch.load(the_run(work) / "last.pt", weights_only=True)
    for name, weight in unbroken["model"].items():
        assert torch.equal(weight, resumed["model"][name])


def test_a_run_goes_on_with_the_threads_it_began_with(
    work: Path, run_here, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other numbers of threads add up in another order, which rounds otherwise."""
    monkeypatch.setattr("support.processor.busy_processors", lambda: 0.0)  # whatever runs beside
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        options = finetune(work, "--freeze", "--no-tensorboard")
        assert run_here(run_llama.main, *options, cwd=work).returncode == 0
        torch.set_num_threads(1)
        result = run_here(run_llama.main, *options, "--resume", "--epochs", "3", cwd=work)
        assert result.returncode == 0, result.stderr
        assert "note      2 threads, as the run began" in result.stdout
        assert torch.get_num_threads() == 2
        asked = run_here(run_llama.main, *options, "--resume", "--threads", "1", cwd=work)
        assert_user_error(asked, "threads 2 then and 1 now")
    finally:
        torch.set_num_threads(before)


@pytest.mark.slow
def test_the_best_epoch_may_be_that_of_macro_f1(
    work: Path, run_here, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = iter([(0.9, 0.1), (0.5, 0.8)] * 2)

    def judged(*given: object) -> Metrics:
        accuracy, f1 = next(found)
        return replace(evaluate(*given), accuracy=accuracy, macro_f1=f1)  # type: ignore[arg-type]

    monkeypatch.setattr("sentiment.task.evaluate", judged)
    for by, best in (("accuracy", 1), ("macro_f1", 2)):
        options = finetune(work, "--freeze", "--no-tensorboard", "--best_by", by)
        result = run_here(run_llama.main, *options, cwd=work)
        assert f"best      epoch {best}, read back" in result.stdout, result.stderr


def test_classes_may_weigh_differently(work: Path, run_here) -> None:
    labels = [0] * 6 + [1] * 3 + [2]
    assert weights_of(None, labels, 3) is None
    balanced = weights_of("balanced", labels, 3)
    assert balanced == pytest.approx([10 / 18, 10 / 9, 10 / 3])
    assert balanced is not None
    assert sum(balanced[label] for label in labels) == pytest.approx(10), "1 on average"
    assert weights_of("1,2.5, 3", labels, 3) == [1, 2.5, 3]
    for wrong in ("1,2", "a,b,c", "1,0,1", "1,inf,1", "balance"):
        with pytest.raises(ValueError, match="must be balanced, or 3 positive numbers"):
            weights_of(wrong, labels, 3)
    counts = []
    for given in ([], ["--class_weights", "1,1,500"]):
        options = finetune(work, "--freeze", "--no-tensorboard", "--lr", "0.05", *given)
        assert run_here(run_llama.main, *options, cwd=work).returncode == 0
        lines = (work / "toy-dev-finetuning-output.txt").read_text().splitlines()
        counts.append(sum(line.startswith("2") for line in lines))
    assert counts[1] > counts[0] + 5


def test_probabilities_stand_beside_the_predictions(work: Path, run_here) -> None:
    for option in ("finetune", "prompt"):
        given = finetune(work, "--freeze", "--no-tensorboard", "--probabilities")
        given[1] = option
        assert run_here(run_llama.main, *given, cwd=work).returncode == 0
        name = f"toy-dev-{ {'finetune': 'finetuning', 'prompt': 'prompting'}[option] }-output"
        lines = (work / f"{name}.txt").read_text().splitlines()
        with (work / f"{name}-probabilities.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert list(rows[0]) == ["prediction", *LABELS, "sentence"]
        for row, line in zip(rows, lines, strict=True):
            label, _, sentence = line.partition(" ||| ")
            assert (row["prediction"], row["sentence"]) == (LABELS[int(label)], sentence)
            probabilities = [float(row[name]) for name in LABELS]
            assert sum(probabilities) == pytest.approx(1, abs=1e-5)
            assert max(probabilities) == float(row[row["prediction"]])
    assert (the_run(work) / "dev-output-probabilities.csv").exists()


@pytest.mark.slow
def test_two_runs_keep_their_predictions_under_one_name(work: Path, run_here) -> None:
    for seed in ("1", "2"):
        options = finetune(work, "--freeze", "--no-tensorboard", "--seed", seed)
        assert run_here(run_llama.main, *options, cwd=work).returncode == 0
    kept = {(run / "dev-output.txt").read_text() for run in (work / "runs").iterdir()}
    assert len(kept) == 2
    assert (work / "toy-dev-finetuning-output.txt").read_text() in kept


def test_a_table_in_and_nothing_but_a_device_out(
    work: Path, run_here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Labels spelt out; TensorBoard's log does not go beside /dev/null."""
    for split in ("train", "dev"):
        rows = [
            line.split(" ||| ") for line in (work / f"toy-{split}.txt").read_text().splitlines()
        ]
        lines = [f'"{text}",{LABELS[int(label)]}' for label, text in rows]
        write(tmp_path / f"toy-{split}.csv", "\n".join(["review,sentiment", *lines]) + "\n")
    for name in ("stories42M.pt", "tokenizer.model"):
        shutil.copy(work / name, tmp_path)
    options = ["--option", "finetune", "--freeze", "--train", "toy-train.csv", "--dev"]
    options += ["toy-dev.csv", "--dev_out", os.devnull, "--epochs", "1"]
    result = run_here(run_llama.main, *options, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert f"labels {', '.join(sorted(LABELS))}" in result.stdout
    assert not Path("/dev/tensorboard").exists()
    wrong = run_here(run_llama.main, *options, "--probabilities", cwd=tmp_path)
    assert_user_error(wrong, "--probabilities writes beside a file")


def test_what_cannot_be_written_is_found_at_the_start(
    work: Path, run_here, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run's folder as well as the outputs; and a full disk, however small the outputs."""
    original = os.access
    runs = work.resolve()
    monkeypatch.setattr(
        "os.access", lambda path, mode: Path(path).resolve() != runs and original(path, mode)
    )
    outputs = ["--dev_out", os.devnull, "--test_out", os.devnull]
    result = run_here(run_llama.main, *finetune(work, "--freeze", *outputs), cwd=work)
    assert_user_error(result, "the run's folder, runs/: ", "is no folder that can be written to")
    monkeypatch.setattr("os.access", original)
    monkeypatch.setattr("support.files.shutil.disk_usage", lambda _: SimpleNamespace(free=10))
    for option in ("finetune", "prompt"):
        given = finetune(work)
        given[1] = option
        assert_user_error(run_here(run_llama.main, *given, cwd=work), "has 10 bytes free")


def test_training_that_does_not_fit_into_memory_is_refused(
    work: Path, run_here, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The weights alone would fit: a frozen run goes on."""
    monkeypatch.setattr("support.processor.free_memory", lambda: 800_000)
    refused = run_here(run_llama.main, *finetune(work, "--no-freeze"), cwd=work)
    assert_user_error(refused, "AdamW's moments take 1.3 MB and 800 kB are free", "--freeze")
    result = run_here(run_llama.main, *finetune(work, "--freeze", "--no-tensorboard"), cwd=work)
    assert result.returncode == 0, result.stderr


def test_a_full_feature_cache_is_no_reason_to_stop(
    work: Path, run_here, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise ValueError("the disk is full")

    monkeypatch.setattr("sentiment.frozen.save_tensors", full)
    options = finetune(work, "--freeze", "--no-tensorboard", "--max_sentence_len", "4")
    result = run_here(run_llama.main, *options, cwd=work)
    assert result.returncode == 0, result.stderr
    assert "goes on without keeping these states: the disk is full" in result.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "frozen"),
    [([], True), (["--epochs", "1"], False), (["--lr", "1e-4"], False), (["--freeze"], True)],
    ids=["bare", "epochs", "rate", "asked for"],
)
def test_on_a_stand_in_the_bare_command_alone_freezes(
    work: Path, run_here, given: list[str], frozen: bool, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    shutil.copy(work / "stories42M.pt", tmp_path / "stand-in.pt")
    shutil.copy(work / "tokenizer.model", tmp_path)
    monkeypatch.setattr("loading.STAND_IN", tmp_path / "stand-in.pt")
    options = ["--option", "finetune", *review_flags(work), *given, "--no-tensorboard"]
    result = run_here(run_llama.main, *options, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert ("frozen" in the_run(tmp_path).name) == frozen
    assert ("--freeze trains the head alone, in minutes" in result.stdout) == (not frozen)


@pytest.mark.slow
def test_a_resumed_run_needs_room_for_one_file_beside_its_own(
    work: Path, run_here, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for all of them once more; and for nothing where there is nothing left to train."""
    options = finetune(work, "--no-freeze", "--no-tensorboard")
    assert run_here(run_llama.main, *options, cwd=work).returncode == 0
    size = (the_run(work) / "last.pt").stat().st_size
    for free, more, status in (
        (size + 1_100_000, ["--epochs", "3"], 0),
        (size // 2, ["--epochs", "4"], 2),
        (size // 2, ["--epochs", "3"], 0),
    ):
        usage = SimpleNamespace(free=free)
        monkeypatch.setattr("support.files.shutil.disk_usage", lambda _, usage=usage: usage)
        result = run_here(run_llama.main, *options, "--resume", *more, cwd=work)
        assert result.returncode == status, result.stderr
        assert ("replacing a state in" in result.stderr) == (status == 2)
