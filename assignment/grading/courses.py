"""A course as the grader takes it; ours, and there is another in `original/`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

from assignment.cases import Case, load_cases
from assignment.grading.handout import under_submissions
from assignment.grading.recipes import hidden_cases
from assignment.sandbox.intake import Intake
from assignment.tasks import Course, load_course


@dataclass(frozen=True, kw_only=True)
class Graded(Course):
    """A course, and what it takes to grade it."""

    base: Callable[[], dict[str, bytes]]  # the tree that lies under every submission
    cases: Callable[[str, bytes, Intake], list[Case]]  # of a task, by the secret
    remarks: Callable[[Intake], list[str]] = lambda intake: []  # what intake should add

    @property
    def titles(self) -> dict[str, str]:
        """What the tasks are called in reports."""
        return {task.name: task.title for task in self.tasks.values()}


def our_course(name: str | None = None) -> Graded:
    """One of this tree's, as `load_course` has it."""
    course = load_course(name)
    base = functools.partial(under_submissions, course)
    return Graded(**vars(course), base=base, cases=our_cases)


def our_cases(task: str, secret: bytes, intake: Intake) -> list[Case]:
    """The recorded cases and the hidden ones; of the modes, which are no secret, one is enough."""
    hidden = hidden_cases(task, secret, intake.sha256)
    return [*load_cases(task), *(case for case in hidden if case.name != "modes")]
