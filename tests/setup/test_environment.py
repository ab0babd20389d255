"""The environment's packages, and what set-up says."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from setup import environment, external
from setup.__main__ import EXTRAS
from setup.external import ExternalFile
from tests.helpers import PROJECT


def test_too_little_room_is_said_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 1000}))
    file = ExternalFile(
        path="a.bin", licence="", package="thing==1.0", members=["a"], download_bytes=10**6
    )
    with pytest.raises(ValueError, match="fetching thing==1.0 takes 1.0 MB and .* has .* free"):
        external.from_package(file, tmp_path)
    with pytest.raises(ValueError, match="the environment .* takes"):
        environment.make_environment(tmp_path / "env")
    assert not os.listdir(tmp_path)


def test_the_environments_packages_are_pyprojects() -> None:
    names = [requirement.split(">")[0] for requirement in environment.requirements(())]
    assert names == ["torch", "numpy", "sentencepiece", "tqdm", "pytest"]
    everything = environment.requirements(EXTRAS)
    assert {"ruff", "jupytext"} <= {requirement.split(">")[0] for requirement in everything}
    tested = (PROJECT / "constraints.txt").read_text()
    for requirement in everything:
        assert f"\n{requirement.split('>')[0]}==" in tested


def test_help_suffices() -> None:
    for module in ("setup", "setup.prepare"):
        command = [sys.executable, "-m", module, "--help"]
        result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
        assert result.returncode == 0
        assert "--course" in result.stdout
        assert "--from DIR" in result.stdout


def test_uv_takes_what_was_tested() -> None:
    lines = (PROJECT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    tested = [line for line in lines if line and not line.startswith("#")]
    assert project["tool"]["uv"]["constraint-dependencies"] == tested
