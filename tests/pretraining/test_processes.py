"""One run by two processes, which torchrun starts: the curve of one, and a state that both take."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch

pytest.importorskip("regex")
pytest.importorskip("tokenizers")
pytest.importorskip("tyro")

from pretraining import __main__ as script
from pretraining.task import TextTask
from pretraining.train import train
from tests.helpers import PROJECT, ended_by, write
from tests.pretraining.test_train import FLAGS, sentences, small
from training.processes import World, held_as, whole

pytestmark = pytest.mark.slow
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


def arguments(*flags: str) -> list[str]:
    own = [flag for flag in FLAGS if flag.split("=")[0] not in {f.split("=")[0] for f in flags}]
    return ["train", "--text.data=text.txt", *own, *flags]


def command(*flags: str) -> list[str]:
    return [*TORCHRUN, "-m", "pretraining", *arguments(*flags)]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1"}


def run(place: Path, *flags: str) -> str:
    done = subprocess.run(
        command(*flags), cwd=place, env=environment(), capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def losses(run: Path) -> list[float]:
    lines = (run / "log.jsonl").read_text(encoding="utf-8").splitlines()
    records: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return [r.get("Loss/train_step", r.get("Loss/valid", 0.0)) for r in records]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "text.txt", sentences(600))
    return tmp_path


@pytest.fixture(scope="module")
def curve(tmp_path_factory: pytest.TempPathFactory) -> list[float]:
    """The losses of one process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("alone"))
        write(Path("text.txt"), sentences(600))
        return losses(train(small(Path("text.txt"))).parent)


def test_two_processes_have_the_curve_of_one(place: Path, curve: list[float]) -> None:
    out = run(place, "--training.max-tokens=32")  # a batch in parts
    assert out.count("corpus    ") == 1, "the first process speaks"
    assert len(curve) == 63
    assert losses(place / "runs/pretrain-text-bpe") == pytest.approx(curve, abs=2e-4)


def test_a_state_moves_between_numbers_of_processes(
    place: Path,
    curve: list[float],
    run_here: Callable[..., subprocess.CompletedProcess[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One is interrupted; two, each with half of the weights, end the run; one takes that up."""
    flags = ("--training.sharding=fsdp", "--training.max-tokens=32")
    evaluate = TextTask.evaluate

    def interrupting(task: TextTask) -> tuple[float, dict[str, float]]:
        signal.raise_signal(signal.SIGINT)
        return evaluate(task)

    with monkeypatch.context() as patch:
        patch.setattr(TextTask, "evaluate", interrupting)
        stopped = run_here(script.main, *arguments(*flags), cwd=place)
    assert stopped.returncode == 130, stopped.stderr
    assert "resumed   runs/pretrain-text-bpe, after 2" in run(place, *flags, "--resume")
    assert losses(place / "runs/pretrain-text-bpe") == pytest.approx(curve, abs=1e-3)
    best = torch.load(place / "runs/pretrain-text-bpe/best.pt", weights_only=True)["model"]
    assert type(best["norm.weight"]) is torch.Tensor, "whole, whatever was sharded"
    again = run_here(script.main, *arguments(*flags, "--resume"), cwd=place)
    assert "resumed   runs/pretrain-text-bpe, after 60 steps" in again.stdout, again.stderr


def test_a_killed_worker_ends_the_run_with_a_line(place: Path) -> None:
    flags = ("--training.steps=4000", "--training.eval-every=4000", "--save-minutes=0.001")
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(
            command(*flags), cwd=place, env=environment(), stdout=log, stderr=log
        )
        with process, ended_by(process):
            while process.poll() is None and not list(place.glob("runs/*/last.pt")):
                time.sleep(0.02)
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            workers = [pid for pid in children if _is_worker(pid)]
            assert len(workers) == 2
            os.kill(int(workers[-1]), signal.SIGKILL)
            process.wait(timeout=120)
    assert process.returncode == 1
    text = (place / "log").read_text(encoding="utf-8")
    assert "error: another process of this run has ended or cannot be reached" in text
    state = torch.load(place / "runs/pretrain-text-bpe/last.pt", weights_only=True)
    assert state["progress"]["batch"] > 0
    assert not list(place.glob("runs/*/.*part"))


def _is_worker(pid: str) -> bool:
    return b"pretraining" in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_a_batch_that_cannot_be_shared_is_refused(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pretraining.train.joined", lambda _: nullcontext(World(size=2)))
    with pytest.raises(ValueError, match="batch_size=7: must be a multiple of the 2 processes"):
        train(small(Path("text.txt"), batch_size=7))
    assert not (place / "runs").exists()


def test_alone_nothing_is_exchanged() -> None:
    world = World()
    assert world.is_first
    assert world.share([1, 2, 3]) == [1, 2, 3]
    assert world.sums({"a": 0.1}) == {"a": 0.1}
    assert World(rank=1, size=2).share([1, 2, 3, 4]) == [2, 4]
    assert whole({"a": [torch.ones(2)]})["a"][0].tolist() == [1, 1]
    assert held_as(3, torch.ones(1)) == 3
