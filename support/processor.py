"""What the processor and the system can do: arithmetic, threads, a compiler, free memory."""

from __future__ import annotations

import os
import platform
import shutil
from functools import cache
from pathlib import Path

import torch


@cache
def has_units(dtype: torch.dtype) -> bool:
    """Whether the processor multiplies matrices of this dtype itself, rather than emulating it."""
    if dtype == torch.bfloat16 and platform.machine() in ("x86_64", "AMD64"):
        # oneDNN takes bfloat16 on any AVX-512, and emulates it on the older ones.
        return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    if dtype == torch.bfloat16:
        return torch.ops.mkldnn._is_mkldnn_bf16_supported()
    if dtype == torch.float16:
        return torch.ops.mkldnn._is_mkldnn_fp16_supported()
    return True


def cpp_compiler() -> str | None:
    """The C++ compiler that torch.compile calls on a processor, or None where there is none."""
    names = [os.environ.get("CXX"), "g++", "clang++", "cl"]
    return next((found for name in names if name and (found := shutil.which(name))), None)


def free_memory() -> int | None:
    """Bytes that can be had without swapping; None where the system does not say (not Linux)."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    sizes = {name: int(rest.split()[0]) for name, rest in (line.split(":") for line in lines)}
    return sizes["MemAvailable"] * 1024


def set_threads(threads: int | None) -> None:
    """Compute with so many threads; None leaves it to torch, which takes one a core.

    Raises:
        ValueError: fewer than one, or more than there are processors.
    """
    most = os.cpu_count() or 1
    if threads is None:
        return
    if not 1 <= threads <= most:
        raise ValueError(f"threads={threads}: must be from 1 to {most}, the processors here")
    torch.set_num_threads(threads)
