"""Make the environment and fetch what the modes read: `bash setup.sh`, or `python -m setup`."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from setup import add_course_flags
from setup.environment import PROJECT, install, make_environment, requirements
from support import errors

EXTRAS = (
    "smollm2",
    "formats",
    "pretraining",
    "vision",
    "plots",
    "notebooks",
    "bench",
    "dev",
)  # what the README's commands use
FETCHES = find_spec("setup.prepare") is not None  # some handouts need packages and no files


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
    install(python, requirements(EXTRAS if FETCHES and not arguments.core else ()))
    if not FETCHES:
        print(f"ready: {python} -m assignment check")
        return 0
    command = [str(python), "-m", "setup.prepare"]
    command += ["--skip-stand-in"] * arguments.core + ["--course"] * arguments.course
    if arguments.folder:
        command += ["--from", str(arguments.folder.absolute())]
    sys.stdout.flush()
    status = subprocess.run(command, cwd=PROJECT, check=False).returncode
    if status == 0:
        modes = (PROJECT / "run_llama.py").exists()
        first = "run_llama.py --option generate" if modes else "-m assignment check"
        print(f"ready: {python} {first}")
    return status


if __name__ == "__main__":
    errors.run(main)
