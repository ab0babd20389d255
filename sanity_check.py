"""Check the model piece by piece: run `python sanity_check.py`, or let pytest find it.

Needs no download: a tiny model and its reference outputs come in `data/sanity_check.npz`. Where
the course's own `stories42M.pt` and `sanity_check.data` lie in the working folder, they are
checked too, bidirectionally: the reference of 2024-25 applied no causal mask.
"""

from __future__ import annotations

import support.early  # noqa: F401

# isort: split

import sys
from pathlib import Path

import pytest
import torch

from assignment.arrays import describe, equal
from assignment.checks import check_task, run_as_script
from llama import load_pretrained

COURSE = Path("stories42M.pt"), Path("sanity_check.data")


def test_rmsnorm() -> None:
    check_task("rmsnorm")


def test_attention() -> None:
    check_task("attention")


def test_swiglu() -> None:
    check_task("swiglu")


def test_layer() -> None:
    check_task("layer")


def test_sampling() -> None:
    check_task("sampling")


def test_zero_shot() -> None:
    check_task("zero_shot")


def test_embedding() -> None:
    check_task("embedding")


def test_stack() -> None:
    check_task("stack")


@pytest.mark.skipif(
    not all(path.exists() for path in COURSE),
    reason="no stories42M.pt and sanity_check.data here: bash setup.sh --course fetches them",
)
def test_the_course_checkpoint() -> None:
    expected = torch.load(COURSE[1], weights_only=True)
    tokens = torch.tensor(
        [
            [101, 7592, 2088, 102, 0, 0, 0, 0],
            [101, 7592, 15756, 2897, 2005, 17953, 2361, 102],
        ]
    )
    with torch.no_grad():
        logits, hidden_states = load_pretrained(COURSE[0], causal=False)(tokens)
    tolerance = 1e-5, 1e-3  # the course's own
    for name, got in (("hidden_states", hidden_states), ("logits", logits)):
        got, recorded = got.numpy(), expected[name].numpy()
        assert equal(got, recorded, tolerance), "\n    ".join(
            [f"{COURSE[0]}: {name} differs", *describe(got, recorded, tolerance)]
        )


if __name__ == "__main__":
    tests = [test for name, test in list(globals().items()) if name.startswith("test_")]
    if not all(path.exists() for path in COURSE):
        tests.remove(test_the_course_checkpoint)
    sys.exit(run_as_script(*tests))
