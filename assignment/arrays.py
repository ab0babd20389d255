"""Plain arrays: whether two are equal within a tolerance, and where they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Arrays = Mapping[str, Array]


def equal(got: Array, expected: Array, tolerance: tuple[float, float]) -> bool:
    """Same shape, and every value within the tolerance; NaN equals NaN, as mistakes bring it."""
    atol, rtol = tolerance
    with np.errstate(all="ignore"):
        return got.shape == expected.shape and np.allclose(
            got, expected, atol=atol, rtol=rtol, equal_nan=True
        )


def describe(
    got: Array, expected: Array, tolerance: tuple[float, float], axes: Sequence[str] = ()
) -> list[str]:
    """Say where two arrays differ: the first wrong value, how many are wrong, the worst.

    Args:
        axes: what an index of each axis is, for a line that says which of them are right.
    """
    if got.shape != expected.shape:
        return [f"got       shape {got.shape}", f"expected  shape {expected.shape}"]
    atol, rtol = tolerance
    with np.errstate(all="ignore"):
        wrong = ~np.isclose(got, expected, atol=atol, rtol=rtol, equal_nan=True)
        error = np.abs(got.astype(np.float64) - expected)
    first = tuple(int(i) for i in np.argwhere(wrong)[0])
    lines = [f"got       {got[first].item():.7g}", f"expected  {expected[first].item():.7g}"]
    if not first:
        return lines
    error = np.where(wrong, np.nan_to_num(error, nan=np.inf, posinf=np.inf), 0)
    worst = tuple(int(i) for i in np.unravel_index(int(error.argmax()), error.shape))
    return [
        f"index     {first}",
        *lines,
        f"wrong     {int(wrong.sum())} of {wrong.size} values; "
        f"the largest error is {error[worst].item():.3g}, at {worst}",
        *whereabouts(wrong, axes),
    ]


def whereabouts(wrong: Array, axes: Sequence[str]) -> list[str]:
    """Along which axes some indices are right throughout, as a line; none where nothing is."""
    found = []
    for axis, name in enumerate(axes if len(axes) == wrong.ndim else ()):
        spoilt = wrong.any(axis=tuple(i for i in range(wrong.ndim) if i != axis))
        some, right = np.flatnonzero(spoilt), np.flatnonzero(~spoilt)
        if len(right) == 1 < len(some):
            found.append(f"{name} {right[0]} is right")
        elif len(some) == 1 < len(right) + 1:
            found.append(f"only {name} {some[0]} is wrong")
    return [f"where     {', '.join(found)}"] if found else []
