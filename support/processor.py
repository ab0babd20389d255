"""What the processor and the system can do: devices, arithmetic, threads, a compiler, memory."""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import platform
import shutil
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch

from support.words import count_in_words, size_in_words

CGROUP = Path("/sys/fs/cgroup")
SAMPLE = 0.25  # seconds, in which others show that they compute


@cache
def has_units(dtype: torch.dtype) -> bool:
    """Whether the processor multiplies matrices of this dtype itself, rather than emulating it."""
    if dtype == torch.bfloat16 and platform.machine() in ("x86_64", "AMD64"):
        # oneDNN takes bfloat16 on any AVX-512, and emulates it on the older ones.
        questions = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        return any(_says(torch.cpu, question) for question in questions)
    if dtype == torch.bfloat16:
        return _says(torch.ops.mkldnn, "_is_mkldnn_bf16_supported")
    if dtype == torch.float16:
        return _says(torch.ops.mkldnn, "_is_mkldnn_fp16_supported")
    return True


def _says(namespace: Any, question: str) -> bool:
    """What torch answers; False where a build of it lacks the question, as macOS's do."""
    try:
        return bool(getattr(namespace, question)())
    except (AttributeError, RuntimeError):
        return False


def has_onednn() -> bool:
    """Whether torch brings oneDNN with its blocked layout of weights; macOS's builds do not."""
    products = ("_reorder_linear_weight", "_linear_pointwise")
    return torch.backends.mkldnn.is_available() and all(
        hasattr(torch.ops.mkldnn, product) for product in products
    )


def has_quantised_engine() -> bool:
    """Whether torch multiplies quantised tensors here; macOS's builds have to be told how."""
    return hasattr(torch, "quantize_per_channel") and torch.backends.quantized.engine != "none"


def cpp_compiler() -> str | None:
    """The C++ compiler that torch.compile calls on a processor, or None where there is none."""
    names = [os.environ.get("CXX"), "g++", "clang++", "cl"]
    return next((found for name in names if name and (found := shutil.which(name))), None)


@cache
def compile_fault(device: str = "cpu") -> str:
    """Why torch.compile makes no kernels here; nothing where it does. Tried once, in seconds.

    A compiler may be there and of no use: without the headers of OpenMP or of Python, for one.
    """
    if device == "cpu" and cpp_compiler() is None:
        return "no C++ compiler here: install g++ or clang++, or name one in CXX"
    try:
        torch.compile(lambda x: x + 1)(torch.ones(8, device=device))
    except Exception as error:  # the compiler's words come in one of a dozen types
        lines = [line.strip() for line in str(error).splitlines()]
        told = [line for line in lines if "error:" in line.lower()] or lines or [""]
        what = told[0].rpartition("error: ")[2][:80]
        return f"torch.compile fails here ({what or type(error).__name__})"
    return ""


def choose_device(name: str) -> torch.device:
    """The device of a name as torch has it, "auto" being the first that is here.

    Raises:
        ValueError: it is not here.
    """
    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(device for device, here in present.items() if here)
    if not present.get(name.partition(":")[0], False):
        raise ValueError(f"device={name}: there is no such device here; use cpu")
    return torch.device(name)


def free_memory() -> int | None:
    """Bytes that can be had without swapping, or before a limit ends the process.

    The least of what Linux calls available (elsewhere: all of the memory), what a container has
    left, and what `ulimit -v` leaves. None where the system says nothing of these.
    """
    bounds = (_available(), _container_room(), _address_room())
    return min((bound for bound in bounds if bound is not None), default=None)


def require_memory(needed: float, what: str, remedy: Callable[[int], str]) -> None:
    """Raise a ValueError when fewer bytes are free than `what` (a subject with its verb) needs.

    Args:
        remedy: what to do, given the bytes that are free.
    """
    free = free_memory()
    if free is not None and needed > free:
        sizes = f"{size_in_words(needed)} and {size_in_words(free)} are free"
        raise ValueError(f"{what} {sizes}: {remedy(free)}")


def return_memory() -> None:
    """Give the system what was freed: glibc keeps pieces of it between those that are held."""
    with contextlib.suppress(AttributeError, OSError, TypeError):  # another C library; Windows
        ctypes.CDLL(None).malloc_trim(0)


def _available(meminfo: Path = Path("/proc/meminfo")) -> int | None:
    try:
        lines = meminfo.read_text(encoding="ascii").splitlines()
    except OSError:  # not Linux
        try:
            return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        except (AttributeError, ValueError, OSError):  # Windows
            return None
    sizes = {name: int(rest.split()[0]) for name, rest in (line.split(":") for line in lines)}
    return sizes["MemAvailable"] * 1024


def control_groups(
    controller: str, root: Path = CGROUP, own: Path = Path("/proc/self/cgroup")
) -> list[Path]:
    """The folders of the groups that this process is in, each within the next.

    Each may bound it: a container the outermost that can be seen, Slurm and systemd others.
    """
    folders: list[Path] = []
    with contextlib.suppress(OSError):  # not Linux
        for line in own.read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            if controller in controllers.split(",") or not controllers:
                top = root / controller if controllers else root  # version 1, or 2
                group = Path(path.lstrip("/"))  # one outside a container's view is not there
                folders += [top / part for part in (group, *group.parents)]
    return folders


def _container_room(folders: Sequence[Path] | None = None) -> int | None:
    """What the control groups' limits leave, their cache of files counted as free."""
    rooms = []
    for folder in control_groups("memory") if folders is None else folders:
        for limit, used, files in (
            ("memory.max", "memory.current", "inactive_file"),  # version 2
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ):
            with contextlib.suppress(OSError, ValueError, KeyError):
                most = int((folder / limit).read_text(encoding="ascii"))  # or "max"
                now = int((folder / used).read_text(encoding="ascii"))
                rows = (folder / "memory.stat").read_text(encoding="ascii").splitlines()
                stat = dict(row.split() for row in rows)
                rooms.append(max(0, most - now + int(stat[files])))
    return min(rooms, default=None)


def _address_room(statm: Path = Path("/proc/self/statm")) -> int | None:
    """What `ulimit -v` leaves of addresses, which memory-mapped files take as well."""
    try:
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        used = int(statm.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    except (ImportError, OSError, ValueError):  # Windows has no such module, macOS no such file
        return None
    return None if limit == resource.RLIM_INFINITY else max(0, limit - used)


def processors() -> set[int]:
    """The numbers of those that this process may run on."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def processor_quota(folders: Sequence[Path] | None = None) -> float:
    """As many as a container may keep busy, however many it sees; infinite without a bound."""
    quotas = [math.inf]
    for folder in control_groups("cpu") if folders is None else folders:
        for names in (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")):  # versions 2 and 1
            with contextlib.suppress(OSError, ValueError):
                texts = [(folder / name).read_text(encoding="ascii") for name in names]
                quota, period = (int(part) for part in " ".join(texts).split())  # or "max"
                quotas += [quota / period] * (quota > 0)  # or -1
    return min(quotas)


def busy_processors(seconds: float = SAMPLE, stat: Path = Path("/proc/stat")) -> float:
    """As many of ours as others keep busy, on average over a moment; 0 where Linux does not say."""

    def ticks() -> tuple[int, int]:
        """All of our processors' time, and what of it was busy."""
        total = busy = 0
        for line in stat.read_text(encoding="ascii").splitlines():
            name, *times = line.split()
            if name.startswith("cpu") and name[3:].isdigit() and int(name[3:]) in ours:
                # user, nice, system, idle, waiting, two kinds of interrupts
                spent = [int(time) for time in times[:7]]
                total, busy = total + sum(spent), busy + sum(spent) - spent[3] - spent[4]
        return total, busy

    ours = processors()
    try:
        total, busy = ticks()
        time.sleep(seconds)  # in which this process keeps none busy
        total_then, busy_then = ticks()
    except (OSError, ValueError):
        return 0.0
    return len(ours) * (busy_then - busy) / max(1, total_then - total)


def set_threads(threads: int | None) -> str:
    """Compute with so many threads; None takes those that nobody else needs now.

    Threads wait for one another many times in each layer, and OpenMP's wait by spinning: beside a
    program that holds a processor, two are ten times slower than one.

    Returns:
        Why there are fewer than torch would take, or nothing.

    Raises:
        ValueError: fewer than one, or more than there are processors.
    """
    most = os.cpu_count() or 1
    if threads is not None:
        if not 1 <= threads <= most:
            raise ValueError(f"threads={threads}: must be from 1 to {most}, the processors here")
        torch.set_num_threads(threads)
        return ""
    usual = torch.get_num_threads()
    if usual == 1 or "OMP_NUM_THREADS" in os.environ:  # someone has decided
        return ""
    ours, allowed, held = len(processors()), processor_quota(), busy_processors()
    chosen = max(1, min(usual, math.floor(min(ours - held, allowed) + 0.5)))
    if chosen >= usual:
        return ""
    torch.set_num_threads(chosen)
    why = (
        f"others keep {held:.1f} of {ours} processors busy"
        if ours - held < allowed
        else f"this container may use {allowed:g} of {ours} processors"
    )
    return f"{why}: {count_in_words(chosen, 'thread')}; --threads {usual} takes all the same"
