"""One submission: its code under a fresh handout, in a worker, case by case; and its points."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from assignment.cases import Case
from assignment.grading import real_weights
from assignment.grading.courses import Graded, our_course
from assignment.grading.real_weights import RealWeights
from assignment.grading.stubs import calls
from assignment.results import Status, SubmissionResult, TaskResult
from assignment.sandbox.confine import LIMITS, Limits
from assignment.sandbox.folders import fill
from assignment.sandbox.intake import Intake
from assignment.sandbox.judge import judge_over
from assignment.sandbox.process import Worker
from assignment.sandbox.tiers import Tier, choose_tier
from assignment.tasks import PROJECT, Course, Task


@dataclass(frozen=True)
class Grader:
    """What is the same for all submissions of a run."""

    secret: bytes  # that hidden cases are drawn from
    tier: Tier
    base: Mapping[str, bytes]  # the handout's tree, under every submission
    real: RealWeights | None = None  # what is run for the rubric's A
    left_out: str = "it was not asked for"  # why nothing is
    limits: Limits = LIMITS  # of one task
    course: Graded = field(default_factory=our_course)

    def grade(
        self,
        intake: Intake,
        worker: Worker,
        tell: Callable[[SubmissionResult], None] = lambda result: None,
    ) -> SubmissionResult:
        """Grade one submission in a worker that nobody else uses meanwhile.

        `tell` is called with the unfinished result after each task.
        """
        start = time.monotonic()
        result = SubmissionResult(
            intake.student,
            intake.source,
            intake.sha256,
            str(self.tier),
            [*intake.notes, *self.course.remarks(intake)],
            intake.refused,
            warning=self.tier.warning,
            course=self.course.title,
        )
        if intake.refused:
            result.tasks = nothing_earned(f"refused: {intake.refused}", self.course)
            return result

        def cases_of(task: Task) -> list[Case]:
            return self.course.cases(task.name, self.secret, intake)

        for task in judge_over(worker, self.base, intake.files, cases_of, self.limits, self.course):
            result.tasks.append(task)
            tell(result)
        add_flags(result, intake, self.course)
        result.rubric = rubric(result, lambda: self.verdict(worker), self.course)
        result.seconds = time.monotonic() - start
        return result

    def verdict(self, worker: Worker) -> str:
        """What the rubric says of the A of a submission whose three modes run."""
        if self.real is None:
            about = (
                "for a human: coherent text, and accuracies near the reference's (docs/results.md)"
            )
            return f"{about}; no run on real weights: {self.left_out}"
        return self.real.verdict(worker)


def make_grader(
    secret: bytes, only_tier: str | None = None, course: Graded | None = None
) -> Grader:
    """Find the best sandbox, warn of a poor one, and prepare what lies under every submission.

    Raises:
        ValueError: no sandbox works.
    """
    course = course or our_course()
    base = course.base()
    with Worker() as trial:
        fill(trial.tree, base)
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            trial.home.chmod(0o755)  # for the user that the trial becomes
        tier = choose_tier(trial.tree, only=only_tier)
    if tier.warning:
        print(f"warning: {tier.warning}", *tier.passed_over, sep="\n  ", file=sys.stderr)
    return Grader(secret, tier, base, course=course)


def with_real_weights(grader: Grader) -> Grader:
    """The same, with what our own solution makes of the real weights in this sandbox.

    Raises:
        ValueError: it does not get through.
    """
    with Worker(tier=grader.tier.name, lent=real_weights.LENT) as worker:
        solution = {name: (PROJECT / name).read_bytes() for name in grader.course.files}
        fill(worker.tree, {**grader.base, **solution})
        return replace(grader, real=RealWeights.measured(worker, grader.secret))


def nothing_earned(message: str, course: Course) -> list[TaskResult]:
    """Every task with no points, so that an error never leaves the denominator."""
    return [
        TaskResult(task.name, Status.NOT_STARTED, 0.0, task.points, message)
        for task in course.tasks.values()
    ]


def add_flags(result: SubmissionResult, intake: Intake, course: Course) -> None:
    """Note library calls that do a task in the learner's place; for a human to judge."""
    by_name = {task.task: task for task in result.tasks}
    for task in course.written:
        assert task.file is not None
        source = intake.files.get(task.file, b"").decode(errors="replace")
        try:
            found = calls(source, task.qualified_name, task.flagged)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue  # reported as a file that cannot be imported
        by_name[task.name].flags += [f"uses {name}" for name in found]


def rubric(result: SubmissionResult, verdict: Callable[[], str], course: Course) -> dict[str, str]:
    """The original course's grades, as a second view of the same result; none of other courses.

    `verdict` says how the modes do on real weights; it is asked where they run at all.
    """
    if "end_to_end" not in course.tasks:
        return {}
    passed = {task.task for task in result.tasks if task.status is Status.PASSED}
    pieces = [task.name for task in course.written if task.name not in passed]
    runs = [name for name in ("stack", "end_to_end") if name not in passed]
    open_ones = f"not yet: {', '.join(pieces + runs)}"
    return {
        "B+": f"not yet: {', '.join(pieces)}" if pieces else "all pieces are right",
        "A-": open_ones if pieces + runs else "the three modes run",
        "A": open_ones if pieces + runs else verdict(),
    }
