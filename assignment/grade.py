"""`python -m assignment grade SUBMISSION... --out DIR`: from submissions to results and reports."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import queue
import secrets
import shutil
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

from assignment import real_weights, report
from assignment.cases import Case, load_cases
from assignment.confine import LIMITS, Limits
from assignment.handout import tree_files
from assignment.intake import Intake, find_submissions, take_in
from assignment.judge import judge
from assignment.real_weights import RealWeights
from assignment.recipes import hidden_cases
from assignment.results import Status, SubmissionResult, TaskResult
from assignment.sandbox import TIERS, Tier, Worker, choose_tier, clear
from assignment.stubs import calls
from assignment.tasks import FILES, PROJECT, Task, load_tasks, written_tasks
from support.errors import ArgumentParser
from support.files import require_writable, write_text

TITLES = {task.name: task.title for task in load_tasks().values()}
# What a worker's tree does without: nothing that runs there reads it.
NOT_RUN = ("data/sanity_check.npz", "assignment/learner.py")


@dataclass(frozen=True)
class Grader:
    """What is the same for all submissions of a run."""

    secret: bytes  # that hidden cases are drawn from
    tier: Tier
    base: Mapping[str, bytes]  # the handout's tree, under every submission
    real: RealWeights | None = None  # what is run for the rubric's A
    left_out: str = "it was not asked for"  # why nothing is
    limits: Limits = LIMITS  # of one task

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
            list(intake.notes),
            intake.refused,
        )
        if intake.refused:
            result.tasks = nothing_earned(f"refused: {intake.refused}")
            return result
        fill(worker.tree, {**self.base, **intake.files})

        def give_up(name: str) -> None:  # the others are graded beside the handout's
            (worker.tree / name).write_bytes(self.base[name])

        def cases_of(task: Task) -> list[Case]:
            hidden = hidden_cases(task.name, self.secret, intake.sha256)
            return [*load_cases(task.name), *(case for case in hidden if case.name != "modes")]

        for task in judge(worker, cases_of, give_up=give_up, limits=self.limits):
            result.tasks.append(task)
            tell(result)
        add_flags(result, intake)
        result.rubric = rubric(result, lambda: self.verdict(worker))
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


def make_grader(secret: bytes, only_tier: str | None = None) -> Grader:
    """Find the best sandbox and prepare what lies under every submission.

    Raises:
        ValueError: no sandbox works.
    """
    base = {name: data for name, data in tree_files().items() if name not in NOT_RUN}
    with Worker() as trial:
        fill(trial.tree, base)
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            trial.home.chmod(0o755)  # for the user that the trial becomes
        tier = choose_tier(trial.tree, only=only_tier)
    return Grader(secret, tier, base)


def with_real_weights(grader: Grader) -> Grader:
    """The same, with what our own solution makes of the real weights in this sandbox.

    Raises:
        ValueError: it does not get through.
    """
    with Worker(tier=grader.tier.name, lent=real_weights.LENT) as worker:
        fill(
            worker.tree, {**grader.base, **{name: (PROJECT / name).read_bytes() for name in FILES}}
        )
        return replace(grader, real=RealWeights.measured(worker, grader.secret))


def fill(tree: Path, files: Mapping[str, bytes]) -> None:
    """Replace what is in a tree."""
    clear(tree)
    for name, data in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def nothing_earned(message: str) -> list[TaskResult]:
    """Every task with no points, so that an error never leaves the denominator."""
    return [
        TaskResult(task.name, Status.NOT_STARTED, 0.0, task.points, message)
        for task in load_tasks().values()
    ]


def add_flags(result: SubmissionResult, intake: Intake) -> None:
    """Note library calls that do a task in the learner's place; for a human to judge."""
    by_name = {task.task: task for task in result.tasks}
    for task in written_tasks():
        assert task.file is not None
        source = intake.files.get(task.file, b"").decode(errors="replace")
        try:
            found = calls(source, task.qualified_name, task.flagged)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue  # reported as a file that cannot be imported
        by_name[task.name].flags += [f"uses {name}" for name in found]


def rubric(result: SubmissionResult, verdict: Callable[[], str]) -> dict[str, str]:
    """The course's own grades, as a second view of the same result.

    `verdict` says how the modes do on real weights; it is asked where they run at all.
    """
    passed = {task.task for task in result.tasks if task.status is Status.PASSED}
    pieces = [task.name for task in written_tasks() if task.name not in passed]
    runs = [name for name in ("stack", "end_to_end") if name not in passed]
    open_ones = f"not yet: {', '.join(pieces + runs)}"
    return {
        "B+": f"not yet: {', '.join(pieces)}" if pieces else "all pieces are right",
        "A-": open_ones if pieces + runs else "the three modes run",
        "A": open_ones if pieces + runs else verdict(),
    }


def grade_all(
    grader: Grader,
    intakes: Sequence[Intake],
    jobs: int,
    finished: Callable[[SubmissionResult], None],
) -> None:
    """Grade submissions side by side, each job with a worker of its own."""
    waiting: queue.SimpleQueue[Intake] = queue.SimpleQueue()
    for intake in intakes:
        waiting.put(intake)
    lock = threading.Lock()
    failures: list[BaseException] = []

    def work(worker: Worker) -> None:
        try:
            while not failures:
                result = grader.grade(waiting.get_nowait(), worker)
                with lock:
                    finished(result)
        except queue.Empty:
            pass
        except BaseException as error:  # raised again below, in the thread that people watch
            failures.append(error)

    with ExitStack() as stack:
        threads = []
        lent = real_weights.LENT if grader.real is not None else ()
        for _ in range(min(jobs, len(intakes))):
            worker = stack.enter_context(Worker(tier=grader.tier.name, lent=lent))
            threads.append(threading.Thread(target=work, args=(worker,), daemon=True))
            threads[-1].start()
        try:
            for thread in threads:
                while thread.is_alive():
                    thread.join(0.2)
        except KeyboardInterrupt as error:
            failures.append(error)
            raise
    if failures:
        raise failures[0]


def read_secret(path: Path) -> bytes:
    """The secret of a class, made and kept the first time.

    Raises:
        ValueError: the file is empty.
    """
    if not path.exists():
        require_writable(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
    secret = path.read_bytes().strip()
    if not secret:
        raise ValueError(f"{path}: is empty; a secret is any text that learners do not know")
    return secret


def unique_names(intakes: Sequence[Intake]) -> None:
    """Two submissions of one name become `name` and `name-2`."""
    taken: set[str] = set()
    for intake in intakes:
        name, count = intake.student, 1
        while intake.student.casefold() in taken:  # some file systems tell no case apart
            count += 1
            intake.student = f"{name}-{count}"
        taken.add(intake.student.casefold())


def fingerprint(grader: Grader) -> str:
    """Of everything that decides a score beside the submission: results of another are redone."""
    digest = hashlib.sha256(grader.secret)
    for name, data in sorted(grader.base.items()):
        digest.update(name.encode() + b"\0" + data)
    digest.update(b"on real weights" if grader.real is not None else b"")
    for name in ("recipes.py", "reference.py", "grade.py", "stubs.py", "real_weights.py"):
        digest.update((PROJECT / "assignment" / name).read_bytes())
    digest.update((PROJECT / "data" / "sanity_check.npz").read_bytes())
    return digest.hexdigest()[:16]


def read_result(path: Path, sha256: str, kit: str) -> SubmissionResult | None:
    """An earlier result of the same files by the same kit."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        same = data.pop("kit") == kit and data["sha256"] == sha256 and not data["refused"]
        return SubmissionResult.from_dict(data) if same else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def save_result(out: Path, result: SubmissionResult, kit: str) -> None:
    """One submission's result as data and as a page."""
    text = json.dumps({"kit": kit, **result.to_dict()}, indent=1, ensure_ascii=True)
    write_text(out / "reports" / f"{result.student}.html", report.page(result, TITLES))
    write_text(out / "results" / f"{result.student}.json", text + "\n")


def save_class(out: Path, results: Sequence[SubmissionResult]) -> None:
    """The class at a glance, as a table for people and one for spreadsheets."""
    write_text(out / "class.csv", report.class_csv(results, list(load_tasks())))
    write_text(out / "class.html", report.class_page(results, TITLES))


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    intakes = [take_in(path) for path in find_submissions(options.submission)]
    if not intakes:
        raise ValueError(f"{options.submission[0]}: no submission in it")
    unique_names(intakes)
    out: Path = options.out
    require_writable(out / "class.csv")
    grader = make_grader(read_secret(options.secret or out / "secret"), options.tier)
    print(f"sandbox   {grader.tier}", flush=True)
    if options.require_sandbox and not grader.tier.isolates:
        raise ValueError(f"--require-sandbox: here is only {grader.tier}; install bubblewrap")
    left_out = "--skip-stand-in" if options.skip_stand_in else real_weights.missing()
    if not left_out:
        try:
            grader = with_real_weights(grader)
        except ValueError as error:
            left_out = str(error)
    grader = replace(grader, left_out=left_out)
    print(f"stand-in  {grader.real or f'left out: {left_out}'}", flush=True)
    kit = fingerprint(grader)
    done = {}
    for intake in intakes:
        path = out / "results" / f"{intake.student}.json"
        if (result := read_result(path, intake.sha256, kit)) is not None:
            done[intake.student] = result
    left = [intake for intake in intakes if intake.student not in done]
    if done:
        print(f"resumed   {len(done)} of {len(intakes)} were graded before")
    with tqdm(total=len(left), unit="submission", disable=None, leave=False) as bar:

        def finished(result: SubmissionResult) -> None:
            save_result(out, result, kit)
            done[result.student] = result
            bar.update()
            bar.write(f"{result.score:6.1f} of {result.max_score:g}  {result.student}", sys.stdout)

        grade_all(grader, left, options.jobs, finished)
    results = [done[intake.student] for intake in intakes]
    save_class(out, results)
    if len(results) == 1:
        width = min(shutil.get_terminal_size((100, 24)).columns, 120)
        print(report.terminal(results[0], colour=sys.stdout.isatty(), width=width), end="")
    print(f"wrote {out / 'class.csv'}, {out / 'class.html'}, and a page for each in {out}/reports")
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = ArgumentParser(prog="python -m assignment grade", description=__doc__)
    parser.add_argument(
        "submission", nargs="+", type=Path, help="a zip, a folder, or a folder of these"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="for the results")
    parser.add_argument(
        "--jobs",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="submissions at a time (default: one for each core, %(default)s)",
    )
    parser.add_argument(
        "--secret",
        type=Path,
        metavar="FILE",
        help="what hidden cases are drawn from (default: DIR/secret, made when absent)",
    )
    parser.add_argument("--tier", choices=TIERS, help="this isolation and no other")
    parser.add_argument(
        "--require-sandbox", action="store_true", help="end with an error where nothing isolates"
    )
    parser.add_argument(
        "--skip-stand-in",
        action="store_true",
        help="no run on real weights; without it, one for each submission whose modes run, where "
        "the stand-in checkpoint and the snippets are here",
    )
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        raise ValueError(f"--jobs {options.jobs}: must be at least 1")
    return options
