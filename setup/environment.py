"""The virtual environment: make it, and install the packages that were tested.

Runs with the standard library alone, on Linux, macOS and Windows. Everything that is already in
place is left as it is, so an interrupted run is simply started again.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

from support.files import require_space

PROJECT = Path(__file__).parent.parent
ENVIRONMENT_BYTES = 2_200_000_000  # with the CPU build of torch


def requirements(extras: tuple[str, ...]) -> list[str]:
    """The packages that pyproject.toml names, with those of the given extras.

    A learner's pyproject.toml has not all extras: some are for the makers of this one.
    """
    with (PROJECT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    chosen = list(project["dependencies"])
    for extra in extras:
        chosen += project["optional-dependencies"].get(extra, [])
    return chosen


def environment_python(environment: Path) -> Path:
    """The interpreter inside a virtual environment."""
    if os.name == "nt":
        return environment / "Scripts" / "python.exe"
    return environment / "bin" / "python"


def make_environment(environment: Path) -> Path:
    """Create the virtual environment unless it is there; returns its interpreter.

    Raises:
        ValueError: no room, or this Python cannot make one.
    """
    python = environment_python(environment)
    if python.exists() and _runs([str(python), "-c", "import pip"]):
        return python
    require_space(environment.parent, ENVIRONMENT_BYTES, f"the environment {environment}")
    print(f"making {environment} ...", flush=True)
    try:
        venv.create(environment, with_pip=True)
    except subprocess.CalledProcessError as error:
        raise ValueError(
            f"this Python ({sys.executable}) cannot make a virtual environment: "
            "on Debian and Ubuntu install python3-venv, then run this again"
        ) from error
    return python


def install(python: Path, wanted: list[str]) -> None:
    """Install packages in the versions of constraints.txt; what is there already stays.

    TORCH_INDEX_URL, where set, is the index that torch alone comes from.

    Raises:
        ValueError: pip failed.
    """
    constraints = PROJECT / "constraints.txt"
    pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
    pip += ["--constraint", str(constraints)]
    index = os.environ.get("TORCH_INDEX_URL")
    if not _runs([str(python), "-c", "import torch"]):
        print("installing packages; torch is the large one ...", flush=True)
        if index:
            _require_success([*pip, "--index-url", index, "torch"])
        elif sys.platform == "linux":
            print(
                "on Linux the registry's torch may be a CUDA build of several GB; a CPU index in "
                "TORCH_INDEX_URL avoids that (README)",
                flush=True,
            )
    _require_success([*pip, *wanted])


def _runs(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _require_success(command: list[str]) -> None:
    if subprocess.run(command, check=False).returncode:
        raise ValueError(
            "pip could not install the packages (its message stands above): check the connection "
            "to the package registry and the free space, then run this again"
        )
