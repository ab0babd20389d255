"""One log of a run, and its sinks: lines, curves, TensorBoard."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from tests.helpers import PROJECT
from training.log import Curves, JsonLines, RunLog, TensorBoard, read_log


def write_some(log: RunLog, steps: range) -> None:
    for step in steps:
        log.add(step, {"Loss/train_step": 1.0 / step})
        if step % 3 == 0:
            log.add(step, {"Loss/dev": 2.0 / step, "Accuracy/dev": 0.5}, epoch=step // 3)


def figures(path: Path) -> list[dict[str, float]]:
    """The log without its clock."""
    return [{k: v for k, v in record.items() if k != "seconds"} for record in read_log(path)]


def test_a_line_for_each_step_and_each_epoch(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = RunLog([JsonLines(path, 0)], {})
    write_some(log, range(1, 7))
    log.close()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(lines) == 8
    assert {"step": 3, "epoch": 1, "Loss/dev": 2 / 3, "Accuracy/dev": 0.5}.items() <= lines[
        3
    ].items()
    seconds = [line["seconds"] for line in lines]
    assert seconds == sorted(seconds)


def test_a_resumed_log_is_the_unbroken_one(tmp_path: Path) -> None:
    """Steps after the last saved state come again; a line that a kill cut short is none."""
    whole, broken = tmp_path / "whole.jsonl", tmp_path / "broken.jsonl"
    write_some(RunLog([JsonLines(whole, 0)], {}), range(1, 10))
    write_some(RunLog([JsonLines(broken, 0)], {}), range(1, 7))
    with broken.open("a") as file:
        file.write('{"step": 7, "Loss/tr')
    write_some(RunLog([JsonLines(broken, 4, 1)], {}), range(5, 10))
    assert figures(broken) == figures(whole)
    # Killed after an epoch's line, and before the state that knows of it was saved.
    log = RunLog([JsonLines(broken, 6, 1)], {})
    log.add(6, {"Loss/dev": 2 / 6, "Accuracy/dev": 0.5}, epoch=2)
    write_some(log, range(7, 10))
    assert figures(broken) == figures(whole)


def test_the_time_of_training_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [5.0]
    monkeypatch.setattr("training.log.time.monotonic", lambda: clock[0])
    for step, seconds in ((1, 2.0), (2, 3.0)):
        log = RunLog([JsonLines(tmp_path / "log.jsonl", step - 1)], {})
        clock[0] += seconds
        log.add(step, {"Loss/dev": 1.0})
        log.close()
        clock[0] += 1000.0  # interrupted
    assert [record["seconds"] for record in read_log(tmp_path / "log.jsonl")] == [2.0, 5.0]


def test_a_new_run_begins_with_an_empty_log(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    write_some(RunLog([JsonLines(path, 0)], {}), range(1, 4))
    JsonLines(path, 0)
    assert path.read_text() == ""


def test_the_curves_are_the_logs(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path, picture = tmp_path / "log.jsonl", tmp_path / "curves.png"
    curves = Curves(path, picture, "a run", {"Accuracy": ("majority", 0.4)})
    curves.close({}, {})
    assert not picture.exists(), "there is nothing to draw yet"
    log = RunLog([JsonLines(path, 0), curves], {})
    write_some(log, range(1, 7))
    assert curves.curves() == {
        "Loss": {
            "train_step": [(step, 1 / step) for step in range(1, 7)],
            "dev": [(3, 2 / 3), (6, 2 / 6)],
        },
        "Accuracy": {"dev": [(3, 0.5), (6, 0.5)]},
    }
    assert not picture.exists(), "it is drawn anew every minute, and at the end"
    curves.drawn -= 61
    log.add(7, {"Loss/dev": 0.1}, epoch=3)
    assert picture.read_bytes().startswith(b"\x89PNG")
    log.close({"best": 1.0})


def test_tensorboard_has_steps_epochs_and_hyperparameters(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log = RunLog([TensorBoard(tmp_path, 0)], {"lr": 0.1, "pooling": "mean", "compile": False})
    write_some(log, range(1, 7))
    log.close({"best_dev_accuracy": 0.5})
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [event.step for event in events.Scalars("Loss/train_step")] == [1, 2, 3, 4, 5, 6]
    assert [event.step for event in events.Scalars("Accuracy/dev")] == [1, 2]
    (folder,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert "best_dev_accuracy" in EventAccumulator(str(folder)).Reload().Tags()["scalars"]


def test_the_room_needs_neither_package() -> None:
    """Only a sink that is made loads its own."""
    code = "import sys, training.log; print({'matplotlib', 'tensorboard'} & sys.modules.keys())"
    from tests.helpers import run_code

    assert run_code(code).stdout == "set()\n", sys.version


def test_a_resumed_tensorboard_forgets_what_comes_again(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    write_some(RunLog([first := TensorBoard(tmp_path, 0)], {}), range(1, 7))
    first.close({}, {})
    log = RunLog([TensorBoard(tmp_path, 4)], {})
    log.add(5, {"Loss/train_step": 9.0})
    log.close()
    values = EventAccumulator(str(tmp_path)).Reload().Scalars("Loss/train_step")
    assert [(event.step, event.value) for event in values][-2:] == [(4, 0.25), (5, 9.0)]


@pytest.mark.slow
def test_a_new_run_of_the_same_name_has_a_tensorboard_of_its_own(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for loss in (1.0, 2.0):
        log = RunLog([TensorBoard(tmp_path, 0)], {})
        for step in (1, 2):
            log.add(step, {"Loss/train_step": loss})
        log.close()
        time.sleep(1.1)  # the names of event files have seconds
    values = EventAccumulator(str(tmp_path)).Reload().Scalars("Loss/train_step")
    assert [(event.step, event.value) for event in values] == [(1, 2.0), (2, 2.0)]


def test_a_damaged_log_is_named(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text("noise\n")
    with pytest.raises(ValueError, match=r"log\.jsonl: damaged .*; delete it"):
        JsonLines(tmp_path / "log.jsonl", 3)


class Failing:
    """A sink whose library, display or disk is not well."""

    def add(self, record: object) -> None:
        raise RuntimeError("no\ndisplay")

    def close(self, *_: object) -> None:
        raise AssertionError("it was left out")


def test_a_sink_that_fails_never_fails_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "log.jsonl"
    log = RunLog([Failing(), JsonLines(path, 0)], {})
    write_some(log, range(1, 4))
    log.close()
    assert len(read_log(path)) == 4
    assert capsys.readouterr().out == "note      goes on without Failing: no display\n"


@pytest.mark.parametrize("title", ["price_$5_$\\x", "\u4e2d\u6587", "a_b^c{"])
def test_a_title_is_no_formula(tmp_path: Path, title: str) -> None:
    pytest.importorskip("matplotlib")
    log = RunLog([JsonLines(tmp_path / "log.jsonl", 0)], {})
    write_some(log, range(1, 4))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of letters that the font lacks
        Curves(tmp_path / "log.jsonl", tmp_path / "c.png", title, {}).draw()
    assert (tmp_path / "c.png").stat().st_size > 1000


@pytest.mark.slow
def test_a_backend_of_somebody_elses_is_no_error(tmp_path: Path) -> None:
    """As a notebook leaves it in the environment of what it starts."""
    pytest.importorskip("matplotlib")
    code = (
        "import sys; from pathlib import Path; from training.log import *\n"
        "folder = Path(sys.argv[1])\n"
        "sinks = [JsonLines(folder / 'l', 0), Curves(folder / 'l', folder / 'c', '', {})]\n"
        "log = RunLog(sinks, {})\n"
        "log.add(1, {'Loss/train_step': 1.0}); log.close(); print('done')"
    )
    environment = {**os.environ, "MPLBACKEND": "module://nowhere.to_be_found"}
    result = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "done"
