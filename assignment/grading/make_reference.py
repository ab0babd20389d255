"""Compute what the checks compare with: `python -m assignment.grading.make_reference`.

Inputs are random float32 numbers from a fixed seed. What should come of them is computed by
`reference.py` in float64; what comes of them with each classic mistake, by the model itself with
that mistake put in. The result, `data/sanity_check.npz`, is committed, and
running this again gives the same file.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import torch

from assignment.arrays import Array, equal
from assignment.cases import CASES, Case
from assignment.causes import ERROR, sample, spelt
from assignment.checks import run, said
from assignment.grading.handout import arrays_file
from assignment.grading.recipes import Arrays, draw
from assignment.specimens import Specimen, mistakes
from assignment.specimens.mutation import applied
from assignment.tasks import all_tasks, load_course
from support.files import atomic_path


def outputs_of(case: Case, mistake: Specimen, seed: int) -> Arrays | str:
    """What a mistake makes of a case, or the error that it raises."""
    with applied(mistake):
        torch.manual_seed(seed)
        try:
            return run(case)  # in float32, as learners do: rounding is a part of some mistakes
        except Exception as error:
            return spelt(said(error))


def record(case: Case, mistake: Specimen, values: list[Array]) -> dict[str, Any]:
    """What a mistake spoils in a case, as `causes.load_mistakes` gives it; adds to `values`."""
    one, other = outputs_of(case, mistake, 0), outputs_of(case, mistake, 1)
    if isinstance(one, str) or isinstance(other, str):
        return {ERROR: one} if isinstance(one, str) else {}
    spoilt: dict[str, Any] = {}
    for name in case.expected:
        if name in one and case.right(name, one[name]) and case.right(name, other[name]):
            continue
        if name not in one or not equal(one[name], other[name], case.tolerance(name)):
            spoilt[name] = None
            continue
        start = sum(x.size for x in values)
        values.append(sample(one[name]).astype(np.float32))
        spoilt[name] = [list(one[name].shape), start]
    return spoilt


def drawn(task: str) -> list[Case]:
    """The cases that are recorded of a task."""
    home = load_course(all_tasks()[task].home)
    number = list(home.tasks).index(task)  # no other course, come or gone, changes what is drawn
    return draw(task, np.random.default_rng([2026, number]))


def build() -> Arrays:
    """All arrays of the file, by name."""
    arrays: Arrays = {}
    abouts: dict[str, str] = {}
    known: dict[str, dict[str, Any]] = {}
    for task in all_tasks():
        cases = drawn(task)
        for case in cases:
            abouts[str(case)] = case.about
            arrays |= {f"{case}/input/{n}": x for n, x in case.inputs.items()}
            arrays |= {f"{case}/expected/{n}": x for n, x in case.expected.items()}
        values: list[Array] = [np.zeros(0, np.float32)]
        known[task] = {
            mistake.name: {
                "about": mistake.about,
                "cases": {c.name: found for c in cases if (found := record(c, mistake, values))},
            }
            for mistake in mistakes(task)
        }
        arrays[f"{task}/mistakes"] = np.concatenate(values)
    about = json.dumps({"cases": abouts, "mistakes": known}, ensure_ascii=False)
    return {"about": np.array(about), **arrays}


def main() -> None:
    arrays = build()
    with atomic_path(CASES) as temporary:
        temporary.write_bytes(arrays_file(arrays))
    print(f"wrote {len(arrays)} arrays to {CASES} ({CASES.stat().st_size / 1e3:.0f} kB)")


if __name__ == "__main__":
    main()
