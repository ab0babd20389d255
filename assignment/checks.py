"""The recorded cases for the test scripts: run in this process, wrong results as AssertionError.

`rope_test.py`, `optimizer_test.py` and `sanity_check.py` use this; `python -m assignment check`
and grading run the same cases in processes of their own.
"""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from assignment.cases import Array, Case, compare, explain, load_cases
from assignment.tasks import require_task

Runner = Callable[[Mapping[str, Tensor]], dict[str, Tensor]]


def runner(task: str) -> Runner:
    """What feeds a task; importing it imports the file of the task and what that needs."""
    module = Path(require_task(task).file or f"{task}.py").stem
    runners: dict[str, Runner] = importlib.import_module(f"assignment.runners.{module}").RUNNERS
    return runners[task]


def run(case: Case, dtype: torch.dtype = torch.float32) -> dict[str, Array]:
    """Feed a case's inputs, in the given precision, to the code under test."""
    inputs = {name: torch.from_numpy(np.array(value)) for name, value in case.inputs.items()}
    outputs = runner(case.task)(
        {name: x.to(dtype) if x.is_floating_point() else x for name, x in inputs.items()}
    )
    return {name: output.detach().numpy() for name, output in outputs.items()}


def check(case: Case) -> None:
    """Run a case; raises AssertionError with index, got, expected and likely cause."""
    finding = compare(case, run(case))
    if finding is not None:
        raise AssertionError(explain(case, finding))


def check_task(task: str) -> None:
    """Run every case of a task; raises as `check` does."""
    cases = load_cases(task)
    assert cases, f"no recorded case of {task}"
    for case in cases:
        check(case)


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
