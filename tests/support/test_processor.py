"""What is asked of the processor, and what is refused."""

from __future__ import annotations

import os

import pytest
import torch

from support import processor
from support.processor import cpp_compiler, free_memory, has_units, set_threads


def test_float32_is_multiplied_everywhere() -> None:
    assert has_units(torch.float32)


def test_threads_are_from_one_to_the_processors() -> None:
    before = torch.get_num_threads()
    try:
        set_threads(1)
        assert torch.get_num_threads() == 1
        set_threads(None)
        assert torch.get_num_threads() == 1
        most = os.cpu_count() or 1
        for wrong in (0, -1, most + 1):
            with pytest.raises(ValueError, match=f"threads={wrong}: must be from 1 to {most}"):
                set_threads(wrong)
    finally:
        torch.set_num_threads(before)


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
