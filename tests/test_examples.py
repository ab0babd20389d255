"""The examples do what they say, as a newcomer would run them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from data import STAND_IN
from examples import teacher
from tests.helpers import PROJECT


def run_example(name: str, *arguments: str | Path) -> str:
    command = [sys.executable, "-m", f"examples.{name}", *map(str, arguments)]
    result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_learners() -> None:
    lines = run_example("learner").splitlines()
    assert lines[0] == "position 0:    0.0 and  0.0 degrees, lengths 1.000 and 1.000"
    assert lines[1].startswith("position 1:   57.3 and  0.6 degrees")
    assert lines[-1] == "the recorded cases of the task rope pass"


@pytest.mark.slow
def test_the_teachers(
    tmp_path: Path,
    known_tier: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["teacher.py", str(tmp_path / "course")])
    teacher.main()
    output = capsys.readouterr().out
    assert "for the learners" in output
    assert "\nada,ada.zip,100,100," in output
    assert (tmp_path / "course" / "handout" / "guide.md").exists()


@pytest.mark.slow
@pytest.mark.skipif(not STAND_IN.exists(), reason="the stand-in is not here: bash setup.sh")
def test_the_tinkerers(tmp_path: Path) -> None:
    output = run_example("tinkerer", STAND_IN, tmp_path / "own.pt")
    assert "Water boils at 100" in output
    assert "\nOnce upon a time" in output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["own.pt", "own.tokenizer.json"]
