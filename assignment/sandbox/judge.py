"""From what a worker sent back to how each task stands, outside the learner's process.

`check` in a learner's tree and grading both come through `judge`; they differ in the cases they
feed, in the worker, and in what they do with a file that cannot be imported.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from assignment.arrays import Arrays
from assignment.cases import Case, compare, stages
from assignment.causes import likely_cause
from assignment.results import Finding, Status, TaskResult
from assignment.sandbox.confine import LIMITS, Limits
from assignment.sandbox.folders import fill
from assignment.sandbox.process import Worker
from assignment.sandbox.replies import Reply
from assignment.tasks import Course, Task, load_course, module_of
from assignment.text import clean

Swap = Callable[[str, bool], None]  # a file, and whether the handout's version is to be there
LACKING = re.compile(r"ImportError: cannot import name '(\w{1,80})' from")
LIMITS_END_TO_END = Limits(seconds=90, memory=3 * 2**30, file_bytes=2**26)


@dataclass(frozen=True)
class HeldUp:
    """How a file can be imported that others keep from it: beside the handout's version of them."""

    others: tuple[str, ...]
    name: str  # what is not defined

    @property
    def culprit(self) -> str:
        """The file that made the difference, given up last, and what is wrong with it."""
        return f"{self.others[-1]}, which has no {self.name}"


def judge(
    worker: Worker,
    cases_of: Callable[[Task], Sequence[Case]],
    *,
    only: Collection[str] | None = None,
    swap: Swap = lambda file, ours: None,
    limits: Limits = LIMITS,
    course: Course | None = None,
) -> Iterator[TaskResult]:
    """Run the tasks in order and yield how each stands.

    Args:
        cases_of: the cases of a task.
        only: these tasks alone, without a look at their requirements.
        swap: puts the handout's version of a file in place of the learner's, or the learner's back.
        limits: of one task, and of an import.
        course: whose tasks and files these are; this tree's, unless another is given.
    """
    course = course or load_course()
    worker.files = course.files
    broken, held_up = broken_files(worker, swap, limits, course.files)
    done: dict[str, TaskResult] = {}
    for task in course.tasks.values():
        if only is not None and task.name not in only:
            continue
        open_ones = (
            []
            if only is not None
            else [name for name in task.requires if done[name].status is not Status.PASSED]
        )
        unstarted = any(done[name].status is Status.NOT_STARTED for name in open_ones)
        if task.file in broken:
            result = result_of_import(task, broken)
        elif (broken or held_up) and task.file is None:
            result = blocked(task, sorted({*broken, *(one.culprit for one in held_up.values())}))
        elif open_ones and (unstarted or task.name != "stack"):
            result = blocked(task, open_ones)
        else:
            others = held_up[task.file].others if task.file in held_up else ()
            with beside(others, swap):
                result = run_task(worker, task, cases_of(task), limits)
            if open_ones:  # it was run for its first divergence, and earns nothing
                result.status, result.points = Status.BLOCKED, 0.0
                result.message = f"blocked by {', '.join(open_ones)}"
        done[task.name] = result
        yield result


def judge_over(
    worker: Worker,
    given: Mapping[str, bytes],
    files: Mapping[str, bytes],
    cases_of: Callable[[Task], Sequence[Case]],
    limits: Limits = LIMITS,
    course: Course | None = None,
) -> Iterator[TaskResult]:
    """The same for a submission's files over a fresh handout.

    A file that cannot be imported, or lacks what another one imports from it, costs its own tasks;
    the others run beside the handout's own.
    """
    fill(worker.tree, {**given, **files})

    def swap(name: str, ours: bool) -> None:
        (worker.tree / name).write_bytes(given[name] if ours else files.get(name, given[name]))

    yield from judge(worker, cases_of, swap=swap, limits=limits, course=course)


def broken_files(
    worker: Worker, swap: Swap, limits: Limits, files: Sequence[str]
) -> tuple[dict[str, Reply], dict[str, HeldUp]]:
    """The files that cannot be imported, and what came of trying; usually one look is enough.

    Those that only lack what another file should define come second.
    """
    modules = [module_of(name) for name in files]
    if worker.run(modules, limits=limits).ended == "done":
        return {}, {}
    broken, held_up = {}, {}
    for place, (name, module) in enumerate(zip(files, modules, strict=True)):
        reply = worker.run([module], limits=limits)
        if reply.ended == "done":
            continue
        lacking = LACKING.match(reply.error)
        before = [file for file in reversed(files[:place]) if file not in broken]
        others = find_culprit(worker, module, before, swap, limits) if lacking else ()
        if lacking and others:
            held_up[name] = HeldUp(others, lacking[1])
        else:
            broken[name] = reply
            swap(name, True)
    return broken, held_up


def find_culprit(
    worker: Worker, module: str, files: Sequence[str], swap: Swap, limits: Limits
) -> tuple[str, ...]:
    """Give up one file after the other until a module can be imported; then put them back.

    Returns those that were given up; none where it did not help.
    """
    for count in range(1, len(files) + 1):
        with beside(files[:count], swap):
            if worker.run([module], limits=limits).ended == "done":
                return tuple(files[:count])
    return ()


@contextmanager
def beside(files: Sequence[str], swap: Swap) -> Iterator[None]:
    """With the handout's version of these files, for as long as it lasts."""
    for name in files:
        swap(name, True)
    try:
        yield
    finally:
        for name in files:
            swap(name, False)


def result_of_import(task: Task, broken: Mapping[str, Reply]) -> TaskResult:
    """How a task stands whose file cannot be imported: blocked, where another file is to blame."""
    assert task.file is not None
    origin = broken[task.file].place.partition(",")[0]
    if origin in broken and origin != task.file:
        return blocked(task, [origin])
    return result_of_failure(task, broken[task.file])


def run_task(worker: Worker, task: Task, cases: Sequence[Case], limits: Limits) -> TaskResult:
    """Feed one task all its cases and compare what comes."""
    limits = LIMITS_END_TO_END if task.name == "end_to_end" else limits
    inputs = [case.inputs for case in cases]
    imports = [task.module] if task.file else []
    reply = worker.run(imports, task.name, task.runner, inputs, limits)
    result = TaskResult(task.name, Status.PASSED, 0.0, task.points, seconds=reply.seconds)
    result.printed = clean(reply.printed, 10_000)
    for case, outputs in zip(cases, reply.outputs, strict=False):
        finding = check_modes(case, outputs) if case.name == "modes" else compare(case, outputs)
        remark = None if finding is None else passes_as_well(case, outputs)
        if remark is not None:
            result.flags += [remark] if remark and remark not in result.flags else []
        elif finding is not None:
            cause = known_to_be_wrong(case, outputs)
            cause = cause or likely_cause(cases, reply.outputs, reply.error)
            result.status, result.finding = Status.WRONG, replace(finding, cause=cause)
            result.message = f"{finding.output} is wrong in case {finding.case}"
            result.stages = stages(case, outputs) if task.name == "stack" else []
            return result
    if reply.ended != "done" or len(reply.outputs) != len(cases):
        failed = result_of_failure(task, reply, cases[min(len(reply.outputs), len(cases) - 1)])
        cause = likely_cause(cases, reply.outputs, reply.error) if reply.phase == "run" else ""
        if cause:
            case = cases[len(reply.outputs)]
            failed.finding = Finding(case.name, case.about, "", (), cause, None, case.hidden)
        failed.printed = result.printed
        return failed
    result.points, result.message = task.points, f"{len(cases)} cases"
    return result


def passes_as_well(case: Case, outputs: Arrays) -> str | None:
    """The remark of another way in which a case is passed; None where there is no such way."""
    for remark, other in case.others:
        if compare(replace(case, expected=other), outputs) is None:
            return remark
    return None


def known_to_be_wrong(case: Case, outputs: Arrays) -> str:
    """The mistake that a case itself knows by its outputs, if any."""
    for mistake, wrong in case.wrong.items():
        if compare(replace(case, expected=wrong), outputs) is None:
            return f"an implementation that {mistake}"
    return ""


def check_modes(case: Case, outputs: Arrays) -> Finding | None:
    """The files of the three modes have the right form; what they say earns nothing."""
    for name in ("cold", "hot", "prompt-dev", "prompt-test", "finetune-dev", "finetune-test"):
        text = outputs[name].tobytes().decode(errors="replace") if name in outputs else ""
        lines = text.splitlines()
        if name in ("cold", "hot"):
            good = text.startswith("the film is")
            wanted = "the prompt and what follows"
        else:
            good = len(lines) == 30 and all(re.fullmatch(r"[01] \|\|\| .+", x) for x in lines)
            wanted = "30 lines `prediction ||| sentence`"
        if not good:
            first = lines[0][:80] if lines else "nothing"
            difference = (
                f"got       {len(lines)} lines, the first: {clean(first, 80)}",
                f"expected  {wanted}",
            )
            return Finding(case.name, case.about, f"{name}.txt", difference,
                           "", None, case.hidden)  # fmt: skip
    return None


def result_of_failure(task: Task, reply: Reply, case: Case | None = None) -> TaskResult:
    """How a task stands whose code returned nothing that could be compared."""
    known = {"not started": Status.NOT_STARTED, "timeout": Status.TIMEOUT, "memory": Status.MEMORY}
    status = known.get(reply.ended, Status.CRASHED)
    where = "while it was imported" if reply.phase == "import" else ""
    where = f"in case {case.name}" if case is not None and reply.phase == "run" else where
    error, place = clean(reply.error, 1000), clean(reply.place, 200)
    message = {
        Status.NOT_STARTED: "raises NotImplementedError",
        Status.TIMEOUT: f"did not end within the time it has {where}",
        Status.MEMORY: f"asked for more memory than it may have {where}",
        Status.CRASHED: " ".join(x for x in (error or reply.ended, where) if x),
    }[status]
    if place and status is not Status.NOT_STARTED:
        message = f"{place}: {message}"
    printed = clean(reply.printed, 10_000)
    return TaskResult(
        task.name, status, 0.0, task.points, message.strip(), printed=printed, seconds=reply.seconds
    )


def blocked(task: Task, names: Sequence[str]) -> TaskResult:
    """A task that was not run, since others have to come first."""
    message = f"blocked by {', '.join(names)}"
    return TaskResult(task.name, Status.BLOCKED, 0.0, task.points, message)
