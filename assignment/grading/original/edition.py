"""The original course as the grader takes it: files, tasks, what lies below, and the cases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from assignment.cases import Case
from assignment.grading.courses import Graded
from assignment.grading.original.cases import Contract, cases
from assignment.grading.original.form import read_form
from assignment.sandbox.intake import Intake
from assignment.tasks import ROOM, read_course

HERE = Path(__file__).parent
CONTRACTS = ("bidirectional", "causal")
# What a worker needs of the kit; the cases' arrays stay behind.
KIT = (
    *("__init__.py", "arrays.py", "cases.py", "results.py", "tasks.py"),
    *(f"sandbox/{name}.py" for name in ("__init__", "confine", "wire", "worker")),
)


def original(contract: str = CONTRACTS[0]) -> Graded:
    """The course by one of its contracts."""
    causal = contract == "causal"

    def drawn(task: str, secret: bytes, intake: Intake) -> list[Case]:
        return cases(task, Contract(causal, read_form(intake.files)), secret, intake.sha256)

    course = replace(read_course(HERE / "tasks.toml"), name=f"original, {contract}")
    return Graded(
        **vars(course),
        base=under_submissions,
        cases=drawn,
        remarks=lambda intake: read_form(intake.files).remarks(),
    )


def under_submissions() -> dict[str, bytes]:
    """That course's tree, as far as its learners' files rely on it, and our worker."""
    tree = {path.name: path.read_bytes() for path in (HERE / "given").glob("*.py")}
    tree |= {f"assignment/{name}": (ROOM / name).read_bytes() for name in KIT}
    for path in (HERE / "runners").glob("*.py"):
        tree[f"assignment/runners/{path.name}"] = path.read_bytes()
    return tree
