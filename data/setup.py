"""Make the environment and fetch what the modes read: `bash setup.sh`, or `python -m data.setup`.

Runs with the standard library alone, on Linux, macOS and Windows. Everything that is already in
place is left as it is, so an interrupted run is simply started again.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

from support import errors
from support.files import require_space

PROJECT = Path(__file__).parent.parent
EXTRAS = ("smollm2", "plots", "bench", "dev")  # what the README's commands use
ENVIRONMENT_BYTES = 2_000_000_000  # with the CPU build of torch


def requirements(extras: tuple[str, ...]) -> list[str]:
    """The packages that pyproject.toml names, with those of the given extras."""
    with (PROJECT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    chosen = list(project["dependencies"])
    for extra in extras:
        chosen += project["optional-dependencies"][extra]
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


def add_course_flags(parser: argparse.ArgumentParser) -> None:
    """The flags that are handed on to `data.prepare`."""
    parser.add_argument(
        "--course",
        action="store_true",
        help="also fetch the course's own files: stories42M.pt, tokenizer.model, SST, CFIMDB",
    )
    parser.add_argument(
        "--from",
        dest="folder",
        type=Path,
        metavar="DIR",
        help="take the course's files from a folder instead of their addresses",
    )


def main() -> int:
    parser = errors.ArgumentParser(
        prog="setup", description="Make the environment and fetch what the modes read."
    )
    parser.add_argument(
        "--core",
        action="store_true",
        help="the five packages alone: enough for the checks and a course checkpoint",
    )
    add_course_flags(parser)
    parser.add_argument(
        "--venv",
        type=Path,
        default=PROJECT / ".venv",
        metavar="DIR",
        help="where the environment goes (default: .venv)",
    )
    arguments = parser.parse_args()
    python = make_environment(arguments.venv.absolute())
    install(python, requirements(() if arguments.core else EXTRAS))
    command = [str(python), "-m", "data.prepare"]
    command += ["--skip-stand-in"] * arguments.core + ["--course"] * arguments.course
    if arguments.folder:
        command += ["--from", str(arguments.folder.absolute())]
    sys.stdout.flush()
    status = subprocess.run(command, cwd=PROJECT, check=False).returncode
    if status == 0:
        print(f"ready: {python} run_llama.py --option generate")
    return status


if __name__ == "__main__":
    errors.run(main)
