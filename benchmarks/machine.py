"""What the machine is, and the two limits that figures are held against: reading and multiplying.

A token generated alone reads every weight once, so memory bandwidth bounds it; a batch of prompts
multiplies each weight many times, so the matrix peak does.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path

import torch

READ_BYTES = 2**29  # far more than a cache holds
ATTEMPTS = 5  # the best of so many is the limit


@dataclass(frozen=True)
class Limits:
    """What a contender could reach at most."""

    read_gb_per_s: float
    update_gb_per_s: float  # reading two tensors and writing one, as an optimizer does
    float32_gflop_per_s: float
    bfloat16_gflop_per_s: float

    def best(self, other: Limits) -> Limits:
        """The greater of each: other work on the machine only takes away."""
        pairs = zip(astuple(self), astuple(other), strict=True)
        return Limits(*(max(pair) for pair in pairs))

    def __str__(self) -> str:
        return (
            f"reads {self.read_gb_per_s:.1f} and updates {self.update_gb_per_s:.1f} GB/s, "
            f"multiplies {self.float32_gflop_per_s:.0f} GFLOP/s in float32 and "
            f"{self.bfloat16_gflop_per_s:.0f} in bfloat16"
        )


def measure_limits() -> Limits:
    """Read bandwidth and matrix peak with the threads that torch has now."""
    long = torch.ones(1024, READ_BYTES // 4096)  # float32
    vector = torch.ones(long.shape[1])
    reads = (lambda: long.sum(), lambda: torch.mv(long, vector))
    half, other = long.chunk(2)
    return Limits(
        max(READ_BYTES / _best_seconds(read) / 1e9 for read in reads),
        1.5 * READ_BYTES / _best_seconds(lambda: half.add_(other, alpha=0)) / 1e9,
        _gflop_per_s(torch.float32, 1536),
        _gflop_per_s(torch.bfloat16, 256),
    )


def _gflop_per_s(dtype: torch.dtype, size: int) -> float:
    square = torch.ones(size, size, dtype=dtype)
    return 2 * size**3 / _best_seconds(lambda: square @ square) / 1e9


def _best_seconds(work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(ATTEMPTS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def describe() -> dict[str, str | int]:
    """Processor, system and versions, as plain data."""
    return {
        "cpu": _cpu_name(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count() or 1,
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def load_average() -> list[float] | None:
    """Processes that wanted to run over the last 1, 5 and 15 minutes; None on Windows."""
    return [round(load, 2) for load in os.getloadavg()] if hasattr(os, "getloadavg") else None


def _cpu_name() -> str:
    with suppress(OSError):  # Linux alone has it
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
