"""What probably went wrong: a classic mistake that does, in every case, what the code did.

`grading/make_reference.py` recorded what comes of each case with each mistake: a sample of every
output that the mistake spoils, or the error that it raises. A mistake is named when all that was
seen agrees with it, what came out right included. Better no cause than a wrong one.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from assignment.arrays import Array, Arrays, equal
from assignment.cases import Case, recorded, recorded_words

MOST = 64  # values of an output that are recorded
ERROR = "error"  # in the place of outputs, where a mistake raises one


def sample(x: Array) -> Array:
    """At most MOST values of an array, taken from all over it."""
    flat = x.reshape(-1)
    return flat if flat.size <= MOST else flat[np.arange(MOST) * 65_537 % flat.size]


def likely_cause(cases: Sequence[Case], outputs: Sequence[Arrays], error: str = "") -> str:
    """The mistake on record that agrees with all that was seen, or two that do so together.

    Args:
        cases: of one task, in the order in which they were run.
        outputs: of as many of them as returned any.
        error: what the next one raised.

    Returns:
        What the code seems to be, or nothing where nothing is wrong or no mistake agrees.
    """
    # (case, output, all outputs of the case); hidden cases have no mistakes on record
    seen: list[tuple[Case, str, Arrays]] = [
        (case, name, got)
        for case, got in zip(cases, outputs, strict=False)
        for name in case.expected
        if not case.hidden
    ]
    if error and len(outputs) < len(cases) and not cases[len(outputs)].hidden:
        seen.append((cases[len(outputs)], ERROR, {}))
    rights = [right(*unit) for unit in seen]
    if all(rights):
        return ""
    values = recorded()[f"{cases[0].task}/mistakes"]
    explained = [
        (
            about,
            frozenset(
                i
                for i, (case, name, got) in enumerate(seen)
                if agrees(spoilt.get(case.name, {}), case, name, got, rights[i], values, error)
            ),
        )
        for about, spoilt in load_mistakes(cases[0].task)
    ]
    alone = dict.fromkeys(about for about, units in explained if len(units) == len(seen))
    if alone:
        return f"an implementation that {', or that '.join(alone)}"
    two = in_two(seen, explained)
    return f"an implementation that {', and that '.join(two)}" if two else ""


def in_two(
    seen: Sequence[tuple[Case, str, Arrays]], explained: Sequence[tuple[str, frozenset[int]]]
) -> list[str]:
    """Two mistakes of which the one or the other agrees with each case, all its outputs together.

    Where several pairs do, what is common to all of them is sure.
    """
    cases = {case.name: {i for i, unit in enumerate(seen) if unit[0] is case} for case, *_ in seen}
    whole = [
        (about, {name for name, units in cases.items() if units <= found})
        for about, found in explained
    ]
    pairs = [
        {one, other}
        for (one, some), (other, rest) in itertools.combinations(whole, 2)
        if len(some | rest) == len(cases)
    ]
    return [about for about in dict(whole) if pairs and all(about in pair for pair in pairs)]


def right(case: Case, name: str, got: Arrays) -> bool:
    return name in got and case.right(name, got[name])


@functools.cache
def load_mistakes(task: str) -> list[tuple[str, Mapping[str, Mapping[str, Any]]]]:
    """The mistakes on record: words that fit after "an implementation that", and what they spoil.

    That is case -> output -> the shape, and where its sample begins in the task's array; or None
    where it is another one each time; or, in the place of outputs, ERROR -> what is raised.
    """
    about = recorded_words()["mistakes"].get(task, {})
    return [(entry["about"], entry["cases"]) for entry in about.values()]


def agrees(
    spoilt: Mapping[str, Any],
    case: Case,
    name: str,
    got: Arrays,
    is_right: bool,
    values: Array,
    error: str,
) -> bool:
    """Whether one output, or the error, of a case is what a mistake brings."""
    if name == ERROR or ERROR in spoilt:
        return name == ERROR and spoilt.get(ERROR) == spelt(error)
    if name not in spoilt:
        return is_right
    if name not in got or spoilt[name] is None:
        return spoilt[name] is None and not is_right
    shape, start = spoilt[name]
    if list(got[name].shape) != shape:
        return False
    found = sample(got[name])
    return equal(found, values[start : start + found.size], case.tolerance(name))


def spelt(error: str) -> str:
    """An error without what is particular to one way of writing; sizes tell what went wrong."""
    first, quote, rest = error[:1000].partition("' ")
    rest = re.sub(r"'[^']*'|0x[0-9a-f]+", "#", rest)
    return f"{first}{quote}{rest}"[:200]
