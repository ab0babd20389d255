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


@pytest.mark.parametrize("sharding", ["ddp", "fsdp"])
def test_two_processes_have_the_curve_of_one(place: Path, sharding: str) -> None:
    flags = ("--training.max-tokens=32", f"--training.sharding={sharding}")  # parts of a batch
    run(place, command(ALONE, *flags))
    out = run(place, command(TORCHRUN, *flags))
    assert out.count("corpus    ") == 1, "the first process speaks"
    one, two = (losses(place / "runs" / f"pretrain-text-bpe{end}") for end in ("", "-2"))
    assert len(one) == 63
    assert two == pytest.approx(one, abs=2e-4)
    best = torch.load(place / "runs/pretrain-text-bpe-2/best.pt", weights_only=True)["model"]
    assert type(best["norm.weight"]) is torch.Tensor, "whole, whatever was sharded"


@pytest.mark.parametrize("sharding", ["ddp", "fsdp"])
def test_a_state_moves_between_numbers_of_processes(place: Path, sharding: str) -> None:
    """Two processes are interrupted, one goes on and is interrupted, two end the run."""
    flags = ("--training.steps=120", f"--training.sharding={sharding}", "--save-minutes=0.001")
    run(place, command(ALONE, *flags))
    again = command(TORCHRUN, *flags, "--resume")
    (place / "moved").mkdir()
    write(place / "moved" / "text.txt", sentences(600))
    for number, kind in enumerate((TORCHRUN, ALONE)):
        arguments = command(kind, *flags, *(["--resume"] if number else []))
        with (place / "log").open("wb") as log:
            process = subprocess.Popen(
                arguments, cwd=place / "moved", env=environment(), stdout=log, stderr=log
            )
            with process, ended_by(process):
                state = place / "moved/runs/pretrain-text-bpe/last.pt"
                before = state.stat().st_mtime_ns if state.exists() else 0
                while process.poll() is None and (
                    not state.exists() or state.stat().st_mtime_ns == before
                ):
                    time.sleep(0.01)
                process.send_signal(signal.SIGINT)
        assert process.returncode in (1, 130), (place / "log").read_text()
        assert state.exists()
    assert "resumed   runs/pretrain-text-bpe, after" in run(place / "moved", again)
    whole_run, moved = (losses(p / "runs/pretrain-text-bpe") for p in (place, place / "moved"))
    assert moved == pytest.approx(whole_run, abs=1e-3)


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


def test_alone_nothing_is_exchanged() -> None:
    world = World()
    assert world.is_first
    assert world.share([1, 2, 3]) == [1, 2, 3]
    assert world.sums({"a": 0.1}) == {"a": 0.1}
    assert World(rank=1, size=2).share([1, 2, 3, 4]) == [2, 4]
    assert whole({"a": [torch.ones(2)]})["a"][0].tolist() == [1, 1]
    assert held_as(3, torch.ones(1)) == 3
