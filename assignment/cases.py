"""Recorded inputs with their expected outputs, and where a wrong output differs.

`data/sanity_check.npz` holds the cases; `grading/make_reference.py` computed their outputs in
float64. Nothing here runs a learner's code: it compares plain arrays.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from assignment.arrays import Array, Arrays, describe, equal
from assignment.results import Finding, Picture
from assignment.tasks import PROJECT
from config import LlamaConfig

CASES = PROJECT / "data" / "sanity_check.npz"

# Small, and no two sizes alike: B, T, H, KV, D, C, F and V cannot be mistaken for one another.
TINY = LlamaConfig(
    vocab_size=61, dim=24, n_layers=2, n_heads=4, n_kv_heads=2, max_seq_len=32, hidden_dim=40,
    rope_theta=500.0, layer_norm_eps=1e-3,
)  # fmt: skip
# The same of an encoder of pictures: T = 9 patches, and D = 5.
PICTURES: dict[str, Any] = {
    "img_size": 12, "patch_size": 4, "d_model": 10, "num_heads": 2, "num_layers": 2, "d_ff": 14,
    "num_classes": 3, "channels": 2,
}  # fmt: skip
FADING = 0.8  # in the stand-in of a language model: a token's weight for each that came since

# Float32 rounding leaves errors below a tenth of these (a third in the whole model), every mistake
# on record leaves more than ten times as much; tests/test_checks.py holds that gap open.
EXACT = 2e-5, 2e-4  # absolute and relative
DRAWS = 3_000  # of the next token: a share is known to about 0.009
SHARES = 0.055, 0.0  # six standard deviations
HALF = 0.05, 0.02  # bfloat16 has 8 bits; a position that it cannot tell leaves errors of one
# What an index of each axis of an output is
AXES = {
    **dict.fromkeys(("query", "key"), ("text", "position", "head", "feature")),
    "attended": ("text", "head", "query", "feature"),
    **dict.fromkeys(("normalised", "activated", "stream"), ("text", "token", "feature")),
    "stream_of_another_layer": ("text", "token", "feature"),
    **dict.fromkeys(("logits", "hidden_states"), ("text", "token", "feature")),
    "log_probabilities": ("text", "class"),
    **dict.fromkeys(("text", "log_probabilities_of_new_tokens"), ("text", "token")),
    **dict.fromkeys(("shares", "stays", "logits_left"), ("text", "token")),
    "visible": ("text", "head", "query", "key"),
    "patches": ("picture", "patch", "pixel"),
    "waves": ("place", "feature"),
    **dict.fromkeys(("gathered", "features"), ("picture", "patch", "feature")),
    "weights": ("picture", "head", "patch", "patch looked at"),
    "class_logits": ("picture", "class"),
}
STAGE = "stage "  # outputs on the way: they explain a wrong result and decide nothing


@dataclass(frozen=True)
class Case:
    """One input of one task, and what comes of it."""

    task: str
    name: str
    about: str  # what the case is there for
    inputs: Arrays
    expected: Arrays  # in the order in which they are computed
    hidden: bool = False  # whether only the grader has it
    # Outputs that pass as well, each with what a human should look at, or nothing
    others: tuple[tuple[str, Arrays], ...] = ()
    wrong: Mapping[str, Arrays] = field(default_factory=dict)  # what is wrong -> its outputs
    within: tuple[float, float] | None = None  # a tolerance of its own

    def __str__(self) -> str:
        return f"{self.task}/{self.name}"

    def tolerance(self, output: str) -> tuple[float, float]:
        """Absolute and relative tolerance of an output."""
        if self.within is not None:
            return self.within
        if output.startswith("share"):
            return SHARES
        return HALF if "half" in self.inputs else EXACT

    def right(self, output: str, got: Array) -> bool:
        """Whether an output is what is expected, within its tolerance; indices are integers."""
        expected = self.expected[output]
        whole = expected.dtype.kind not in "iu" or got.dtype.kind in "iub"
        return whole and equal(got, expected, self.tolerance(output))


@functools.cache
def recorded() -> Mapping[str, Array]:
    """The arrays of the file, by name."""
    with np.load(CASES, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


@functools.cache
def recorded_words() -> Mapping[str, Any]:
    """What the file holds beside arrays: cases, and mistakes with what they spoil."""
    return json.loads(str(recorded()["about"]))


def load_cases(task: str) -> tuple[Case, ...]:
    """The recorded cases of a task.

    Raises:
        ValueError: there are none, so that nothing would be checked.
    """
    arrays, cases = recorded(), []
    for name, text in recorded_words()["cases"].items():
        if name.startswith(task + "/"):
            inputs, expected = (
                {n.removeprefix(start): a for n, a in arrays.items() if n.startswith(start)}
                for start in (f"{name}/input/", f"{name}/expected/")
            )
            cases.append(Case(task, name.removeprefix(task + "/"), text, inputs, expected))
    if not cases:
        raise ValueError(
            f"{task}: no recorded case; python -m assignment.grading.make_reference records them"
        )
    return tuple(cases)


def compare(case: Case, got: Arrays) -> Finding | None:
    """The first output that differs from the expected one; None where the case is passed.

    A stage on the way may be missing, or right in another form: where the results are right, the
    stages are not looked at.
    """
    wrong = [
        name
        for name in case.expected
        if (name in got or not name.startswith(STAGE))
        and not (name in got and case.right(name, got[name]))
    ]
    if all(name.startswith(STAGE) for name in wrong):
        return None
    name = wrong[0]
    expected, tolerance = case.expected[name], case.tolerance(name)
    output = name.removeprefix(STAGE)
    if name not in got:
        return Finding(case.name, case.about, output, ("nothing came",), "", None, case.hidden)
    if expected.dtype.kind in "iu" and got[name].dtype.kind not in "iub":
        lines = (f"got       numbers of type {got[name].dtype}", "expected  whole numbers")
        return Finding(case.name, case.about, output, lines, "", None, case.hidden)
    picture = None
    if got[name].shape == expected.shape and expected.ndim:
        with np.errstate(all="ignore"):
            error = np.abs(got[name].astype(np.float64) - expected)
        picture = Picture.of(error, tolerance[0] + tolerance[1] * np.abs(expected))
    difference = tuple(describe(got[name], expected, tolerance, AXES.get(name, ())))
    return Finding(case.name, case.about, output, difference, "", picture, case.hidden)


def explain(case: Case, finding: Finding) -> str:
    """What a learner reads of a wrong case."""
    lines = [f"{case}: {finding.output} is wrong ({finding.about})", *finding.difference]
    return "\n    ".join([*lines, *([f"likely: {finding.cause}"] if finding.cause else [])])


def stages(case: Case, got: Arrays) -> list[tuple[str, bool]]:
    """Whether each stage on the way, and each result, is right."""
    return [
        (name.removeprefix(STAGE), case.right(name, got[name]))
        for name in case.expected
        if name in got
    ]
