"""Cases of AdamW: its arithmetic, and what its docstring promises beside it."""

from __future__ import annotations

from typing import Any

import numpy as np

from assignment.arrays import Array
from assignment.grading import reference
from assignment.grading.recipes.drawing import Arrays, Recorded, normal

Group = tuple[float, float, float, float, float, bool]
USUAL: Group = (0.1, 0.9, 0.999, 1e-6, 0.2, True)


def adamw_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    """Groups are lr, beta1, beta2, eps, weight decay, bias correction; each has two parameters."""

    def case(about: str, steps: int, *groups: Group, **asked: Any) -> Recorded:
        names = "lr", "beta1", "beta2", "eps", "weight_decay", "correct_bias"
        inputs: Arrays = {
            name: np.array(values, np.float32)
            for name, values in zip(names, zip(*groups, strict=True), strict=True)
        }
        # Large, usual, tiny and no gradients at all: what eps and decay do differs in each.
        scales = np.array([100, 1, 1, 1e-5, 1e-5, 0, 0], np.float32)
        outputs: Arrays = {}
        losses = np.zeros(steps)
        for i in range(2 * len(groups)):
            group = groups[i // 2]
            start, gradients = normal(rng, 7) + 2, normal(rng, steps, 7) * scales
            inputs |= {f"parameters.{i}": start, f"gradients.{i}": gradients}
            lr, beta1, beta2, eps, decay = (float(np.float32(value)) for value in group[:5])
            missing = asked.get("missing", np.zeros((steps, 2 * len(groups)), bool))[:, i]
            path = reference.adamw(
                start.astype(np.float64),
                [None if gone else g for g, gone in zip(wide(gradients), missing, strict=True)],
                wide(asked.get("rates", np.full(steps, lr))),
                beta1,
                beta2,
                eps,
                decay,
                group[5],
            )
            outputs[f"parameters.{i}"] = path[-1]
            losses += (path[:-1] * wide(gradients)).sum(axis=1)
        outputs["gradients_kept"] = np.int64(1)
        if "closure" in asked:
            outputs |= {"losses": losses, "closure_calls": np.int64(steps)}
        return about, inputs | asked, outputs

    rates = np.array([0.3, 0.02, 0.1, 0.0], np.float32)
    gone = np.array([[0, 1], [0, 0], [1, 0], [0, 1], [0, 0]], bool)
    sparse = normal(rng, 5, 2)
    return {
        "decay": case("a decay that matters", 5, (0.3, 0.9, 0.999, 1e-6, 0.5, True)),
        "groups": case(
            "two groups with settings of their own",
            4,
            (0.1, 0.9, 0.999, 1e-3, 0.2, True),
            (0.02, 0.7, 0.9, 1e-6, 0.0, True),
        ),
        "uncorrected": case("without bias correction", 3, (0.3, 0.9, 0.99, 1e-6, 0.5, False)),
        "schedule": case("a rate that changes from step to step", 4, USUAL, rates=rates),
        "missing": case("parameters without a gradient, now and then", 5, USUAL, missing=gone),
        "closure": case("a closure that computes the loss", 3, USUAL, closure=np.True_),
        "resumed": case("its state saved, and loaded by another", 4, USUAL, resume=np.int64(2)),
        "sparse": (
            "a sparse gradient is a RuntimeError",
            {"sparse": sparse},
            {"refused": np.int64(1), "parameters.0": sparse},
        ),
    }


def wide(x: Array) -> Array:
    return x.astype(np.float64)
