"""The recorded cases for the test scripts: run in this process, wrong results as AssertionError.

`rope_test.py`, `optimizer_test.py` and `sanity_check.py` use this; `python -m assignment check`
and grading run the same cases in processes of their own.
"""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from assignment.arrays import Array
from assignment.cases import Case, compare, explain, load_cases
from assignment.causes import likely_cause
from assignment.sandbox.worker import to_numpy
from assignment.tasks import all_tasks

Runner = Callable[[Mapping[str, Tensor]], dict[str, Tensor]]


def runner(task: str) -> Runner:
    """What feeds a task; importing it imports the file of the task and what that needs."""
    module = importlib.import_module(f"assignment.runners.{all_tasks()[task].runner}")
    runners: dict[str, Runner] = module.RUNNERS
    return runners[task]


def run(case: Case, dtype: torch.dtype = torch.float32) -> dict[str, Array]:
    """Feed a case's inputs, in the given precision, to the code under test."""
    inputs = {name: torch.from_numpy(np.array(value)) for name, value in case.inputs.items()}
    outputs = runner(case.task)(
        {name: x.to(dtype) if x.is_floating_point() else x for name, x in inputs.items()}
    )
    return {name: to_numpy(name, output) for name, output in outputs.items()}


def check_task(task: str) -> None:
    """Run every case of a task; raises AssertionError with index, got, expected, likely cause."""
    check(load_cases(task))


def check(cases: Sequence[Case]) -> None:
    """The same for these cases of one task."""
    outputs, error = outcome(cases)
    cause = likely_cause(cases, outputs, said(error))
    for case, got in zip(cases, outputs, strict=False):
        finding = compare(case, got)
        if finding is not None:
            raise AssertionError(explain(case, replace(finding, cause=cause)))
    if error is not None:
        if cause:
            error.add_note(f"likely: {cause}")
        raise error


def outcome(cases: Sequence[Case]) -> tuple[list[dict[str, Array]], Exception | None]:
    """What comes of cases, up to the first that raises an error, and that error."""
    outputs: list[dict[str, Array]] = []
    for case in cases:
        try:
            outputs.append(run(case))
        except Exception as error:
            return outputs, error
    return outputs, None


def said(error: Exception | None) -> str:
    """An error as a worker says it."""
    return "" if error is None else f"{type(error).__name__}: {error}"


def run_as_script(*tests: Callable[[], None]) -> int:
    """Run tests in turn, saying how each went; returns the exit status."""
    failures = 0
    for test in tests:
        try:
            test()
        except NotImplementedError:
            print(f"not started  {test.__name__.removeprefix('test_')}")
        except AssertionError as error:
            print(f"WRONG        {error}")
        except Exception:
            print(f"CRASHED      {test.__name__.removeprefix('test_')}")
            traceback.print_exc()
        else:
            print(f"passed       {test.__name__.removeprefix('test_')}")
            continue
        failures += 1
    print(f"{len(tests) - failures} of {len(tests)} passed")
    return 1 if failures else 0
