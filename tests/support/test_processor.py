"""What is asked of the processor, and what is refused."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from support import processor
from support.processor import _available as available
from support.processor import _container_room as container_room
from support.processor import (
    busy_processors,
    control_groups,
    cpp_compiler,
    free_memory,
    has_onednn,
    has_quantised_engine,
    has_units,
    processor_quota,
    require_memory,
    set_threads,
)
from tests.helpers import run_code, write


def test_float32_is_multiplied_everywhere() -> None:
    assert has_units(torch.float32)


def test_threads_are_from_one_to_the_processors(threads: None) -> None:
    set_threads(1)
    assert torch.get_num_threads() == 1
    set_threads(None)
    assert torch.get_num_threads() == 1
    most = os.cpu_count() or 1
    for wrong in (0, -1, most + 1):
        with pytest.raises(ValueError, match=f"threads={wrong}: must be from 1 to {most}"):
            set_threads(wrong)


@pytest.fixture
def threads() -> Iterator[None]:
    """Gives torch its number of threads back."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("ours", "held", "quota", "chosen", "said"),
    [
        (4, 0.0, math.inf, 4, ""),
        (4, 0.4, math.inf, 4, ""),
        (4, 1.0, math.inf, 3, "others keep 1.0 of 4 processors busy: 3 threads; --threads 4"),
        (4, 9.0, math.inf, 1, "1 thread; --threads 4 takes all the same"),
        (16, 6.0, math.inf, 4, ""),
        (4, 0.0, 2.0, 2, "this container may use 2 of 4 processors: 2 threads"),
        (4, 3.0, 2.0, 1, "others keep 3.0 of 4 processors busy: 1 thread"),
    ],
)
def test_threads_leave_to_others_what_they_hold(
    ours: int,
    held: float,
    quota: float,
    chosen: int,
    said: str,
    threads: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(processor, "processors", lambda: set(range(ours)))
    monkeypatch.setattr(processor, "busy_processors", lambda: held)
    monkeypatch.setattr(processor, "processor_quota", lambda: quota)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    torch.set_num_threads(4)
    note = set_threads(None)
    assert torch.get_num_threads() == chosen
    assert said in note
    assert bool(note) == (chosen < 4)
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    torch.set_num_threads(4)
    assert set_threads(None) == "", "someone has decided"
    assert torch.get_num_threads() == 4


def test_what_others_hold_is_read_from_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of four processors are ours; of these one is busy, and a quarter of the other."""
    stat = tmp_path / "stat"
    row = "cpu{} {} 0 0 {} 0 0 0 99 0 0\n".format
    monkeypatch.setattr(processor, "processors", lambda: {1, 3})

    def later(seconds: float) -> None:
        stat.write_text(row("", 0, 0) + row(0, 500, 500) + row(1, 200, 100) + row(3, 125, 175))

    stat.write_text(row("", 0, 0) + row(0, 100, 100) + row(1, 100, 100) + row(3, 100, 100))
    monkeypatch.setattr(processor.time, "sleep", later)
    assert busy_processors(stat=stat) == pytest.approx(1.25)
    assert busy_processors(stat=tmp_path / "absent") == 0


def test_a_containers_bounds(tmp_path: Path) -> None:
    """Version 2 of control groups, version 1, and neither."""
    assert processor_quota([tmp_path]) == math.inf
    assert container_room([tmp_path]) is None
    two, one = tmp_path / "two", tmp_path / "one"
    two.mkdir()
    one.mkdir()
    write(two / "cpu.max", "150000 100000\n")
    write(two / "memory.max", "1000\n")
    write(two / "memory.current", "700\n")
    write(two / "memory.stat", "anon 5\ninactive_file 200\n")
    assert processor_quota([two]) == 1.5
    assert container_room([two]) == 500
    write(one / "cpu.cfs_quota_us", "100000\n")
    write(one / "cpu.cfs_period_us", "100000\n")
    write(one / "memory.limit_in_bytes", "1000\n")
    write(one / "memory.usage_in_bytes", "900\n")
    write(one / "memory.stat", "total_inactive_file 0\n")
    for folders in ([two, one], [one, two, tmp_path]):  # the narrowest bound counts
        assert processor_quota(folders) == 1
        assert container_room(folders) == 100
    write(two / "cpu.max", "max 100000\n")
    write(two / "memory.max", "max\n")
    write(one / "cpu.cfs_quota_us", "-1\n")
    assert processor_quota([two, one]) == math.inf
    assert container_room([two]) is None


def test_the_groups_of_a_process_are_its_own_and_all_around_it(tmp_path: Path) -> None:
    own = write(tmp_path / "cgroup", "4:memory:/job/step\n3:cpu,cpuacct:/a\n1:name=systemd:/b\n")
    root = Path("/top")
    memory = [root / "memory" / part for part in ("job/step", "job", "")]
    assert control_groups("memory", root, own) == memory
    assert control_groups("cpu", root, own) == [root / "cpu/a", root / "cpu"]
    own.write_text("0::/user.slice/it\n")
    slices = [root / "user.slice/it", root / "user.slice", root]
    assert control_groups("memory", root, own) == control_groups("cpu", root, own) == slices
    own.write_text("0::/\n")
    assert control_groups("memory", root, own) == [root]
    assert control_groups("memory", root, tmp_path / "absent") == []
    for controller in ("memory", "cpu"):  # and this one's can be read
        assert all(folder.is_relative_to(processor.CGROUP) for folder in control_groups(controller))


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux")
def test_a_limit_on_addresses_counts() -> None:
    code = (
        "import resource; from support.processor import free_memory; before = free_memory()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (8 * 10**9, -1))\n"
        "free = free_memory(); assert 10**6 < free < 8 * 10**9, free"
    )
    result = run_code(code)
    assert result.returncode == 0, result.stderr


def test_where_the_system_is_not_linux(tmp_path: Path) -> None:
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert available(tmp_path / "absent") == physical


def test_too_little_memory_is_said_with_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "free_memory", lambda: 3 * 10**9)
    require_memory(3e9, "weights take", lambda free: "")
    with pytest.raises(ValueError, match=r"^weights take 4\.0 GB and 3\.0 GB are free: take 3$"):
        require_memory(4e9, "weights take", lambda free: f"take {free // 10**9}")
    monkeypatch.setattr(processor, "free_memory", lambda: None)
    require_memory(1e30, "weights take", lambda free: "")


@pytest.fixture
def apple(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What torch's builds for macOS have: no oneDNN to ask, and no quantised engine."""
    has_units.cache_clear()
    monkeypatch.setattr(processor.platform, "machine", lambda: "arm64")
    monkeypatch.setattr(torch.ops, "mkldnn", SimpleNamespace())
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends, "quantized", SimpleNamespace(engine="none"))
    yield
    has_units.cache_clear()


def test_features_are_asked_for_where_there_is_nobody_to_ask(apple: None) -> None:
    assert not has_units(torch.bfloat16)
    assert not has_units(torch.float16)
    assert has_units(torch.float32)
    assert not has_onednn()
    assert not has_quantised_engine()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for a compiler")
@pytest.mark.parametrize("works_a_little", [False, True])
def test_a_compiler_that_cannot_compile_is_none(tmp_path: Path, works_a_little: bool) -> None:
    """One that is no compiler at all, and one that only tells its version."""
    says = 'case "$*" in *--version*|*-v*) echo "g++ 12.2.0"; exit 0;; esac\n' * works_a_little
    compiler = write(
        tmp_path / "g++",
        f"#!/bin/sh\n{says}echo 'x.cpp:1:10: fatal error: omp.h: No such file' >&2\nexit 1\n",
    )
    compiler.chmod(0o755)
    code = (
        "import os, sys; os.environ.update(CXX=sys.argv[1], TORCHINDUCTOR_CACHE_DIR=sys.argv[2])\n"
        "from support.processor import compile_fault; print(compile_fault())"
    )
    result = run_code(code, compiler, tmp_path / "cache")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("torch.compile fails here ("), result.stdout
    assert result.stdout.count("\n") == 1


def test_the_compiler_is_the_one_that_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    found = {"mine": "/x/mine"}
    monkeypatch.setattr(processor.shutil, "which", lambda name: found.get(name))
    monkeypatch.delenv("CXX", raising=False)
    assert cpp_compiler() is None
    monkeypatch.setenv("CXX", "mine")
    assert cpp_compiler() == "/x/mine"


def test_free_memory_is_a_number_of_bytes_where_the_system_says_it() -> None:
    free = free_memory()
    assert free is None or 10**6 < free < 10**14
