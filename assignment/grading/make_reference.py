"""Compute what the checks compare with: `python -m assignment.grading.make_reference`.

Inputs are random float32 numbers from a fixed seed. What should come of them is computed by
`reference.py` in float64; what comes of them with each classic mistake, by the model itself in
float64 with that mistake put in. The result, `data/sanity_check.npz`, is committed, and
running this again gives the same file.
"""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import torch

from assignment.cases import CASES, Case, compare
from assignment.checks import run
from assignment.grading.recipes import Arrays, draw
from assignment.specimens import Specimen, mistakes
from assignment.specimens.mutation import applied
from assignment.tasks import load_tasks
from support.files import atomic_path


def record_mistake(case: Case, mistake: Specimen) -> Arrays:
    """What a mistake makes of a case; nothing where it crashes or comes out right."""
    with applied(mistake):
        torch.manual_seed(0)
        try:
            outputs = run(case, torch.float64)
        except Exception:
            return {}
    if compare(case, outputs) is None:
        return {}
    # float32 is enough to recognise it, and half the size
    return {n: x.astype(np.float32) if x.dtype == np.float64 else x for n, x in outputs.items()}


def build() -> Arrays:
    """All arrays of the file, by name."""
    arrays: Arrays = {}
    cases: dict[str, str] = {}
    words: dict[str, dict[str, str]] = {}
    for number, task in enumerate(load_tasks()):
        words[task] = {mistake.name: mistake.about for mistake in mistakes(task)}
        for case in draw(task, np.random.default_rng([2026, number])):
            cases[str(case)] = case.about
            arrays |= {f"{case}/input/{n}": x for n, x in case.inputs.items()}
            arrays |= {f"{case}/expected/{n}": x for n, x in case.expected.items()}
            for mistake in mistakes(task):
                wrong = record_mistake(case, mistake)
                arrays |= {f"{case}/mistake/{mistake.name}/{n}": x for n, x in wrong.items()}
    about_all = json.dumps({"cases": cases, "mistakes": words}, ensure_ascii=False)
    return {"about": np.array(about_all), **arrays}


def main() -> None:
    arrays = build()
    with atomic_path(CASES) as temporary, zipfile.ZipFile(temporary, "w") as file:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.save(buffer, array, allow_pickle=False)
            # np.savez would stamp the time of day, and no two files would be alike.
            member = zipfile.ZipInfo(f"{name}.npy", date_time=(2026, 1, 1, 0, 0, 0))
            file.writestr(member, buffer.getvalue(), zipfile.ZIP_DEFLATED)
    print(f"wrote {len(arrays)} arrays to {CASES} ({CASES.stat().st_size / 1e3:.0f} kB)")


if __name__ == "__main__":
    main()
