"""One run by two processes, which torchrun starts: the curve of one, and a state that both take."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

pytest.importorskip("regex")
pytest.importorskip("tokenizers")
pytest.importorskip("tyro")

from tests.helpers import PROJECT, ended_by, write
from tests.pretraining.test_train import FLAGS, sentences
from training.processes import World, held_as, whole

pytestmark = pytest.mark.slow
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
ALONE = [sys.executable]


def command(processes: list[str], *flags: str) -> list[str]:
    own = [flag for flag in FLAGS if flag.split("=")[0] not in {f.split("=")[0] for f in flags}]
    return [*processes, "-m", "pretraining", "train", "--text.data=text.txt", *own, *flags]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1"}


def run(place: Path, arguments: list[str], expected: int = 0) -> str:
    done = subprocess.run(
        arguments, cwd=place, env=environment(), capture_output=True, text=True, timeout=240
    )
    assert done.returncode == expected, done.stderr[-3000:]
    return done.stdout


def losses(run: Path) -> list[float]:
    lines = (run / "log.jsonl").read_text(encoding="utf-8").splitlines()
    records: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return [r.get("Loss/train_step", r.get("Loss/valid", 0.0)) for r in records]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write(tmp_path / "text.txt", sentences(600))
    return tmp_path


@pytest.fixture(scope="module")
def curve(tmp_path_factory: pytest.TempPathFactory) -> list[float]:
    """The losses of one process."""
    place = tmp_path_factory.mktemp("alone")
    write(place / "text.txt", sentences(600))
    run(place, command(ALONE))
    return losses(place / "runs/pretrain-text-bpe")


def test_two_processes_have_the_curve_of_one(place: Path, curve: list[float]) -> None:
    out = run(place, command(TORCHRUN, "--training.max-tokens=32"))  # a batch in parts
    assert out.count("corpus    ") == 1, "the first process speaks"
    assert len(curve) == 63
    assert losses(place / "runs/pretrain-text-bpe") == pytest.approx(curve, abs=2e-4)


def test_a_state_moves_between_numbers_of_processes(place: Path, curve: list[float]) -> None:
    """One is interrupted; two, each with half of the weights, end the run; one takes that up."""
    flags = ("--training.sharding=fsdp", "--training.max-tokens=32", "--save-minutes=0.001")
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(
            command(ALONE, *flags), cwd=place, env=environment(), stdout=log, stderr=log
        )
        with process, ended_by(process):
            while process.poll() is None and not list(place.glob("runs/*/last.pt")):
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
    assert process.returncode == 130, (place / "log").read_text()
    resume = (*flags, "--resume")
    assert "resumed   runs/pretrain-text-bpe, after" in run(place, command(TORCHRUN, *resume))
    assert losses(place / "runs/pretrain-text-bpe") == pytest.approx(curve, abs=1e-3)
    best = torch.load(place / "runs/pretrain-text-bpe/best.pt", weights_only=True)["model"]
    assert type(best["norm.weight"]) is torch.Tensor, "whole, whatever was sharded"
    assert "after 60 steps" in run(place, command(ALONE, *resume))


def test_a_killed_worker_ends_the_run_with_a_line(place: Path) -> None:
    flags = ("--training.steps=4000", "--training.eval-every=4000", "--save-minutes=0.001")
    arguments = command(TORCHRUN, *flags)
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(arguments, cwd=place, env=environment(), stdout=log, stderr=log)
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


def test_a_batch_that_cannot_be_shared_is_refused(place: Path) -> None:
    arguments = command(TORCHRUN, "--training.batch-size=7")
    done = subprocess.run(
        arguments, cwd=place, env=environment(), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1
    assert "batch_size=7: must be a multiple of the 2 processes that share it" in done.stderr
    assert not (place / "runs").exists()


def test_alone_nothing_is_exchanged() -> None:
    world = World()
    assert world.is_first
    assert world.share([1, 2, 3]) == [1, 2, 3]
    assert world.sums({"a": 0.1}) == {"a": 0.1}
    assert World(rank=1, size=2).share([1, 2, 3, 4]) == [2, 4]
    assert whole({"a": [torch.ones(2)]})["a"][0].tolist() == [1, 1]
    assert held_as(3, torch.ones(1)) == 3
