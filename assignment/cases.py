"""Recorded inputs with their expected outputs, and what a wrong output says about its cause.

`data/sanity_check.npz` holds the cases. `grading/make_reference.py` computed their outputs in
float64, and beside them those of the classic mistakes (`specimens/`), so that a wrong output that
equals one of these can be named. Nothing here runs a learner's code: it compares plain arrays.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

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
FADING = 0.8  # in the stand-in of a language model: a token's weight for each that came since

# Float32 rounding leaves errors below a tenth of these (a third in the whole model), every mistake
# on record leaves more than ten times as much; tests/test_checks.py holds that gap open.
ATOL, RTOL = 2e-5, 2e-4
DRAWS = 3_000  # of the next token: a share is known to about 0.009
ATOL_OF_SHARES = 0.055  # six standard deviations
STAGE = "stage "  # outputs on the way: they explain a wrong result and decide nothing


@dataclass(frozen=True)
class Case:
    """One input of one task, and what comes of it."""

    task: str
    name: str
    about: str  # what the case is there for
    inputs: Arrays
    expected: Arrays  # in the order in which they are computed
    mistakes: Mapping[str, Arrays] = field(default_factory=dict)  # what is wrong -> its outputs
    hidden: bool = False  # whether only the grader has it
    # Outputs that pass as well, each with what a human should look at, or nothing
    others: tuple[tuple[str, Arrays], ...] = ()
    within: tuple[float, float] | None = None  # a tolerance of its own

    def __str__(self) -> str:
        return f"{self.task}/{self.name}"

    @property
    def tolerance(self) -> tuple[float, float]:
        """Absolute and relative tolerance."""
        if self.within is not None:
            return self.within
        return (ATOL_OF_SHARES, 0.0) if "shares" in self.expected else (ATOL, RTOL)


@functools.cache
def load_cases(task: str) -> tuple[Case, ...]:
    """The recorded cases of a task."""
    with np.load(CASES, allow_pickle=False) as file:
        about = json.loads(str(file["about"]))
        arrays = {name: file[name] for name in file.files if name.startswith(task + "/")}
    cases = []
    for name, text in about["cases"].items():
        if not name.startswith(task + "/"):
            continue

        def part(start: str) -> dict[str, Array]:
            return {n.removeprefix(start): a for n, a in arrays.items() if n.startswith(start)}

        mistakes = {
            mistake: outputs
            for mutant, mistake in about["mistakes"].get(task, {}).items()
            if (outputs := part(f"{name}/mistake/{mutant}/"))
        }
        inputs, expected = part(f"{name}/input/"), part(f"{name}/expected/")
        cases.append(Case(task, name.removeprefix(task + "/"), text, inputs, expected, mistakes))
    return tuple(cases)


def compare(case: Case, got: Arrays) -> Finding | None:
    """The first output that differs from the expected one; None where the case is passed.

    A stage on the way may be missing, or right in another form: where the results are right, the
    stages are not looked at.
    """
    wrong = [
        name
        for name, expected in case.expected.items()
        if (name in got or not name.startswith(STAGE))
        and not (name in got and equal(got[name], expected, case.tolerance))
    ]
    if all(name.startswith(STAGE) for name in wrong):
        return None
    name = wrong[0]
    expected = case.expected[name]
    if name not in got:
        return Finding(case.name, case.about, name, ("nothing came",), "", None, case.hidden)
    picture = None
    if got[name].shape == expected.shape:
        with np.errstate(all="ignore"):
            error = np.abs(got[name].astype(np.float64) - expected)
        atol, rtol = case.tolerance
        picture = Picture.of(error, atol + rtol * np.abs(expected))
    difference = tuple(describe(got[name], expected, case.tolerance))
    cause = likely_cause(case, got, name)
    output = name.removeprefix(STAGE)
    return Finding(case.name, case.about, output, difference, cause, picture, case.hidden)


def explain(case: Case, finding: Finding) -> str:
    """What a learner reads of a wrong case."""
    lines = [f"{case}: {finding.output} is wrong ({finding.about})", *finding.difference]
    return "\n    ".join([*lines, f"likely: {finding.cause}"])


def stages(case: Case, got: Arrays) -> list[tuple[str, bool]]:
    """Whether each stage on the way, and each result, is right."""
    return [
        (name.removeprefix(STAGE), equal(got[name], expected, case.tolerance))
        for name, expected in case.expected.items()
        if name in got
    ]


def likely_cause(case: Case, got: Arrays, name: str) -> str:
    """A mistake on record with the same output, or else what the difference looks like."""
    matches = [
        mistake
        for mistake, outputs in case.mistakes.items()
        if all(n in got and equal(got[n], out, case.tolerance) for n, out in outputs.items())
    ]
    if matches:
        return f"an implementation that {', or that '.join(matches)}"
    value, expected = got[name].astype(np.float64), case.expected[name].astype(np.float64)
    if value.shape != expected.shape:
        return "a transposed or missing axis; the docstring gives the shapes"
    if not np.isfinite(value).all():
        return "a division by zero, or a softmax over nothing but -inf"
    if not value.any():
        return "a result that is never filled in"
    ratio = (value * expected).sum() / max((expected * expected).sum(), 1e-300)
    if equal(value, ratio * expected, case.tolerance):
        return f"a factor: every value is {ratio:.6g} times what it should be"
    fractions = case.expected[name].dtype.kind == "f"
    if fractions and expected.ndim >= 2 and equal(value[:, 0], expected[:, 0], case.tolerance):
        return "positions: index 0 of the second axis is right, later ones are not"
    return "none of the classic mistakes; go through the steps of the docstring one by one"
