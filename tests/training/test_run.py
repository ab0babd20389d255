"""A run's folder: a name of its own, a lock, and the newest that fits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import PROJECT, write
from training.run import Run, finished_run

SETTING = {"lr": 0.1, "labels": ["bad", "good"], "max_len": None}


def run_with_state(root: Path, name: str = "toy-a", **changes: object) -> Run:
    run = Run.new(name, SETTING | changes, root)
    run.save_last({"step": 1})
    return run


def age(run: Run, seconds: int) -> None:
    for path in run.folder.iterdir():
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - seconds))


def test_every_run_gets_a_folder_of_its_own(tmp_path: Path) -> None:
    names = [Run.new("toy", SETTING, tmp_path / "runs").folder.name for _ in range(3)]
    assert names == ["toy", "toy-2", "toy-3"]
    assert json.loads((tmp_path / "runs" / "toy-2" / "config.json").read_text()) == SETTING


def test_the_newest_that_fits_goes_on(tmp_path: Path) -> None:
    old, new, other = (run_with_state(tmp_path) for _ in range(3))
    age(old, 100)
    age(new, 50)
    (other.folder / "config.json").write_text(json.dumps(SETTING | {"lr": 0.2}))
    found = Run.fitting("toy", SETTING, tmp_path)
    assert found is not None
    assert found.folder == new.folder
    assert Run.fitting("something", SETTING, tmp_path) is None
    assert Run.fitting("toy", SETTING, tmp_path / "nowhere") is None


def test_an_unfinished_run_goes_on_before_a_finished_one(tmp_path: Path) -> None:
    stopped, finished = (run_with_state(tmp_path) for _ in range(2))
    finished.finish({})
    age(stopped, 50)
    found = Run.fitting("toy", SETTING, tmp_path)
    assert found is not None
    assert found.folder == stopped.folder
    stopped.last.unlink()
    found = Run.fitting("toy", SETTING, tmp_path)
    assert found is not None
    assert found.folder == finished.folder


def test_what_a_kill_left_half_written_goes_when_the_run_goes_on(tmp_path: Path) -> None:
    run = run_with_state(tmp_path)
    write(run.folder / ".last.pt.0123abcd.part", b"half")
    with run:
        assert {path.name for path in run.folder.iterdir()} == {"config.json", "last.pt", "lock"}


def test_a_run_without_a_state_is_none_to_go_on_with(tmp_path: Path) -> None:
    Run.new("toy-a", SETTING, tmp_path)
    assert Run.fitting("toy", SETTING, tmp_path) is None


def test_of_runs_with_other_settings_the_newest_ones_differences_are_named(tmp_path: Path) -> None:
    age(run_with_state(tmp_path, lr=0.3), 100)
    run_with_state(tmp_path, "toy-b", lr=0.2, labels=["a"])
    with pytest.raises(
        ValueError, match=r"toy-b is of another run: labels .*lr 0\.2 then and 0\.1"
    ):
        Run.fitting("toy", SETTING, tmp_path)


@pytest.mark.slow
def test_a_run_that_is_alive_is_left_alone(tmp_path: Path) -> None:
    """Until its process ends, however that ends."""
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom training.run import Run\n"
        f"run = Run.new('toy-a', {SETTING!r}, Path({str(tmp_path)!r}))\n"
        "run.save_last({'step': 1})\n"
        "with run:\n    print('alive', flush=True)\n    time.sleep(600)\n"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"alive\n"
            with pytest.raises(ValueError, match="a run that is alive holds it"):
                Run.fitting("toy", SETTING, tmp_path)
            assert Run.new("toy-a", SETTING, tmp_path).folder.name == "toy-a-2"
        finally:
            process.kill()
    found = Run.fitting("toy", SETTING, tmp_path)
    assert found is not None
    assert found.folder.name == "toy-a"


@pytest.mark.slow
def test_two_that_begin_at_once_get_two_folders(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom training.run import Run\nsys.stdin.readline()\n"
        f"[Run.new('toy', {{}}, Path({str(tmp_path)!r})) for _ in range(20)]\n"
    )
    command = [sys.executable, "-c", code]
    both = [subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE) for _ in range(2)]
    for process in both:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    assert [process.wait(120) for process in both] == [0, 0]
    assert len(list(tmp_path.glob("*/config.json"))) == 40


def test_the_best_weights_are_of_the_epoch_that_is_asked_for(tmp_path: Path) -> None:
    run = Run.new("toy", SETTING, tmp_path)
    run.save_best(2, {"model": {}})
    assert run.load_best(2) == {"epoch": 2, "model": {}}
    with pytest.raises(ValueError, match="not the best epoch of this run"):
        run.load_best(1)


def test_the_newest_finished_run_or_the_one_that_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no finished run .*toy.*: train one first, or name one"):
        finished_run(None, "toy", tmp_path)
    runs = [run_with_state(tmp_path) for _ in range(3)]
    for run, seconds in zip(runs[:2], (100, 50), strict=True):
        run.save_best(1, {"model": {}})
        run.finish({"dev": 0.5})
        age(run, seconds)
    assert finished_run(None, "toy", tmp_path) == runs[1].folder
    assert finished_run("toy-a", "toy", tmp_path) == runs[0].folder
    assert finished_run(str(runs[0].folder), "toy", tmp_path) == runs[0].folder
    with pytest.raises(ValueError, match="toy-a-3: a run that is not finished; resume it first"):
        finished_run("toy-a-3", "toy", tmp_path)
    with pytest.raises(ValueError, match=r"nope: no such run .*finished: toy-a-2, toy-a$"):
        finished_run("nope", "toy", tmp_path)


def test_a_run_with_a_damaged_configuration_fits_nothing(tmp_path: Path) -> None:
    """And keeps no other from going on."""
    good, damaged = (run_with_state(tmp_path) for _ in range(2))
    age(good, 100)
    (damaged.folder / "config.json").write_text("{")
    found = Run.fitting("toy", SETTING, tmp_path)
    assert found is not None
    assert found.folder == good.folder
    (good.folder / "config.json").unlink()
    assert Run.fitting("toy", SETTING, tmp_path) is None


def test_the_lock_is_let_go_whatever_happens(tmp_path: Path) -> None:
    run = run_with_state(tmp_path)
    for _ in range(2):
        with pytest.raises(RuntimeError), run:
            raise RuntimeError
    assert Run.fitting("toy", SETTING, tmp_path) is not None


def test_what_is_free_may_differ_and_the_same_comes_first(tmp_path: Path) -> None:
    same = run_with_state(tmp_path, epochs=2)
    longer = run_with_state(tmp_path, epochs=5)
    age(same, 50)
    found = Run.fitting("toy", SETTING | {"epochs": 2}, tmp_path, free=("epochs",))
    assert found is not None
    assert found.folder == same.folder
    found = Run.fitting("toy", SETTING | {"epochs": 9}, tmp_path, free=("epochs",))
    assert found is not None
    assert found.folder == longer.folder
    assert found.setting["epochs"] == 5
    found.finish({})
    found.change(epochs=9)
    assert not found.metrics.exists(), "it is finished no more"
    assert json.loads((found.folder / "config.json").read_text())["epochs"] == 9
    with pytest.raises(ValueError, match="lr 0.1 then and 0.3 now"):
        Run.fitting("toy", SETTING | {"epochs": 9, "lr": 0.3}, tmp_path, free=("epochs",))
