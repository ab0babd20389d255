"""Plain arrays: whether two are equal within a tolerance, and where they differ."""

from __future__ import annotations

from collections.abc import Mapping
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


def describe(got: Array, expected: Array, tolerance: tuple[float, float]) -> list[str]:
    """Say where two arrays differ: the first wrong value, how many are wrong, the worst."""
    if got.shape != expected.shape:
        return [f"got       shape {got.shape}", f"expected  shape {expected.shape}"]
    atol, rtol = tolerance
    with np.errstate(all="ignore"):
        error = np.nan_to_num(np.abs(got.astype(np.float64) - expected), nan=np.inf, posinf=np.inf)
    wrong = error > atol + rtol * np.abs(expected)
    first = tuple(int(i) for i in np.argwhere(wrong)[0])
    worst = tuple(int(i) for i in np.unravel_index(int(error.argmax()), error.shape))
    return [
        f"index     {first}",
        f"got       {got[first].item():.7g}",
        f"expected  {expected[first].item():.7g}",
        f"wrong     {int(wrong.sum())} of {wrong.size} values; "
        f"the largest error is {error[worst].item():.3g}, at {worst}",
    ]
