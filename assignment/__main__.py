"""`python -m assignment COMMAND`: what a learner runs, and what a teacher runs.

A handout has the learner's commands alone: `grading/` is a teacher's.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path

from support import errors

NEEDED = sys.stdlib_module_names | {"numpy", "pytest", "sentencepiece", "torch", "tqdm"}
# command -> its module in this folder, and what it does
COMMANDS = {
    "check": ("learner", "check all tasks, or those named, against recorded cases"),
    "watch": ("learner", "check again on every save"),
    "hint": ("learner", "the next of three hints to a task"),
    "progress": ("learner", "what has passed so far, and what is left"),
    "submit": ("submit", "make the zip to hand in, and see that it is complete"),
    "handout": ("grading.handout", "write the learner's tree"),
    "grade": ("grading.grade", "grade a zip, a folder, or a class's bulk download"),
    "gradescope": ("grading.gradescope", "build the package for Gradescope"),
    "selftest": (
        "grading.selftest",
        "grade the solution, the empty handout, every mistake, every attack",
    ),
}


def commands() -> dict[str, tuple[str, str]]:
    """Those that this tree has."""
    learners = importlib.util.find_spec("assignment.grading") is None
    return {k: v for k, v in COMMANDS.items() if not (learners and v[0].startswith("grading."))}


def main() -> int:
    lines = "\n".join(f"  {name:<11} {text}" for name, (_, text) in commands().items())
    parser = errors.ArgumentParser(
        prog="python -m assignment",
        usage="python -m assignment COMMAND ... (COMMAND --help says more)",
        description=f"commands:\n{lines}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=tuple(commands()), help=argparse.SUPPRESS)
    command = parser.parse_args(sys.argv[1:2]).command
    for path in Path(__file__).parents[1].glob("*.py"):
        if path.stem in NEEDED:  # nothing would import any more
            raise ValueError(f"{path.name}: hides the module {path.stem}; give it another name")
    module = importlib.import_module(f"assignment.{COMMANDS[command][0]}")
    # A module of several commands has a function for each; of one command, main.
    function = getattr(module, command, None) or module.main
    return function(sys.argv[2:])


if __name__ == "__main__":
    errors.run(main)
