"""Random inputs: what several recipes draw."""

from __future__ import annotations

from typing import Any

import numpy as np

from assignment.arrays import Array
from assignment.cases import TINY

Arrays = dict[str, Any]  # name -> array or scalar
Recorded = tuple[str, Arrays, Arrays]  # what the case is there for, inputs, expected outputs


def normal(rng: np.random.Generator, *shape: int) -> Array:
    return rng.standard_normal(shape, dtype=np.float32)


def padding(B: int, T: int) -> Array:
    """Row 0 is padded by two on the left, row 1 by three on the right."""
    real = np.ones((B, T), bool)
    real[0, :2], real[1, -3:] = False, False
    return real


def wide(arrays: Arrays) -> Arrays:
    """The numbers in float64, everything else as it is."""
    return {n: x.astype(np.float64) if x.dtype == np.float32 else x for n, x in arrays.items()}


def half(x: Array) -> Array:
    """Rounded to the 8 bits of a bfloat16's fraction, ties to even; still float32."""
    bits = x.view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & np.uint32(0xFFFF0000)).view(np.float32)


def prompts(
    rng: np.random.Generator, labels: list[list[int]], B: int, T: int, real: Array | None
) -> Arrays:
    """Prompts that end in the space that a label swallows, all but the last."""
    tokens = rng.integers(15, TINY.vocab_size, (B, T))
    kept = np.ones((B, T), bool) if real is None else real
    for row in range(B - 1):
        tokens[row, np.flatnonzero(kept[row])[-1]] = 4
    inputs: Arrays = {"tokens": tokens, "loose_end": np.array([4]), "labels": np.int64(len(labels))}
    inputs |= {f"label.{i}": np.array(pieces) for i, pieces in enumerate(labels)}
    return inputs if real is None else inputs | {"real": real}
