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
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from assignment.grading import exports, pages, real_weights
from assignment.grading.courses import Graded, our_course
from assignment.grading.grader import Grader, make_grader, with_real_weights
from assignment.grading.handins import take_in_class
from assignment.grading.original.edition import CONTRACTS, original
from assignment.results import SubmissionResult
from assignment.sandbox.intake import Intake
from assignment.sandbox.process import Worker
from assignment.sandbox.tiers import TIERS
from assignment.screen import terminal
from assignment.tasks import PROJECT, USUAL, add_course
from support.errors import ArgumentParser
from support.files import require_writable, write_text


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


def fingerprint(grader: Grader) -> str:
    """Of everything that decides a score beside the submission: results of another are redone."""
    digest = hashlib.sha256(grader.secret)
    digest.update(grader.course.name.encode())
    for name, data in sorted(grader.base.items()):
        digest.update(name.encode() + b"\0" + data)
    digest.update(b"on real weights" if grader.real is not None else b"")
    for path in sorted((PROJECT / "assignment" / "grading").rglob("*.py")):
        digest.update(path.read_bytes())
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


def save_result(out: Path, result: SubmissionResult, kit: str, course: Graded) -> None:
    """One submission's result as data and as a page."""
    text = json.dumps({"kit": kit, **result.to_dict()}, indent=1, ensure_ascii=True)
    write_text(out / "reports" / f"{result.student}.html", pages.page(result, course.titles))
    write_text(out / "results" / f"{result.student}.json", text + "\n")


def save_class(out: Path, results: Sequence[SubmissionResult], course: Graded) -> None:
    """The class at a glance, as a table for people and one for spreadsheets."""
    write_text(out / "class.csv", exports.class_csv(results, list(course.tasks)))
    write_text(out / "class.html", pages.class_page(results, course.titles))


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    out: Path = options.out
    course = chosen_course(options)
    intakes, skipped = take_in_class(options.submission, course, out)
    if not intakes:
        raise ValueError(f"{options.submission[0]}: no submission in it")
    require_writable(out / "class.csv")
    grader = make_grader(read_secret(options.secret or out / "secret"), options.tier, course)
    print(f"sandbox   {grader.tier}", flush=True)
    if options.require_sandbox and not grader.tier.isolates:
        raise ValueError(f"--require-sandbox: here is only {grader.tier}; install bubblewrap")
    left_out = "--skip-stand-in" if options.skip_stand_in else real_weights.missing()
    if course.name != USUAL:
        left_out = f"it is of the course {USUAL}"
    if not left_out:
        try:
            grader = with_real_weights(grader)
        except ValueError as error:
            left_out = str(error)
    grader = replace(grader, left_out=left_out)
    print(f"stand-in  {grader.real or f'left out: {left_out}'}", flush=True)
    if skipped:
        print(f"no hand-in {', '.join(skipped)}")
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
            save_result(out, result, kit, course)
            done[result.student] = result
            bar.update()
            bar.write(f"{result.score:6.1f} of {result.max_score:g}  {result.student}", sys.stdout)

        grade_all(grader, left, options.jobs, finished)
    results = [done[intake.student] for intake in intakes]
    save_class(out, results, course)
    if len(results) == 1:
        width = min(shutil.get_terminal_size((100, 24)).columns, 120)
        print(terminal(results[0], colour=sys.stdout.isatty(), width=width), end="")
    print(f"wrote {out / 'class.csv'}, {out / 'class.html'}, and a page for each in {out}/reports")
    return 0


def chosen_course(options: argparse.Namespace) -> Graded:
    """Ours, or the original one by a contract.

    Raises:
        ValueError: a contract was given for a course that has none to choose.
    """
    if options.edition == "original":
        if options.course != USUAL:
            raise ValueError(f"--course {options.course}: has one edition alone")
        return original(options.contract or CONTRACTS[0])
    if options.contract is not None:
        raise ValueError(
            f"--contract {options.contract}: this course has one alone; add --edition original"
        )
    return our_course(options.course)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = ArgumentParser(prog="python -m assignment grade", description=__doc__)
    parser.add_argument(
        "submission", nargs="+", type=Path, help="a zip, a tar or a folder, or a class of these"
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
    add_course(parser)
    parser.add_argument(
        "--edition",
        choices=("min-llama", "original"),
        default="min-llama",
        help=f"of --course {USUAL}, what the files were written for: this one (default), or the "
        "original one, with attention of three arguments, sampling in `generate` and `from utils "
        "import *`",
    )
    parser.add_argument(
        "--contract",
        choices=CONTRACTS,
        help="of --edition original, whether a token sees those after it: bidirectional, as its "
        "published sanity check has it (default), or causal, as it is taught since 2026",
    )
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        raise ValueError(f"--jobs {options.jobs}: must be at least 1")
    return options
