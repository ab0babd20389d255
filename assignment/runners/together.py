"""Runs all that a learner wrote as one: the model by stages, what it writes, its finetuning."""

from __future__ import annotations

from torch import Tensor

from assignment.runners.end_to_end import run_end_to_end
from assignment.runners.stack import run_stack
from assignment.runners.tensors import Tensors


def run_together(given: Tensors) -> dict[str, Tensor]:
    return run_end_to_end(given) if "steps" in given else run_stack(given)


RUNNERS = {"together": run_together}
