"""Check `rope.apply_rotary_emb`: run `python rope_test.py`, or let pytest find it.

Recorded inputs with their expected outputs first, then what every rotation must obey, on inputs
that are new each time.
"""

from __future__ import annotations

import support.early  # noqa: F401

# isort: split

import sys

import torch
from torch import Tensor

from assignment.checks import check_task, run_as_script
from rope import apply_rotary_emb

B, T, H, KV, D, MAX = 2, 9, 4, 2, 8, 64


def random_query_key() -> tuple[Tensor, Tensor]:
    return torch.randn(B, T, H, D), torch.randn(B, T, KV, D)


def largest_error(got: Tensor, expected: Tensor) -> str:
    error = (got - expected).abs()
    index = tuple(torch.stack(torch.where(error == error.max()))[:, 0].tolist())
    return f"index {index}: got {got[index].item():.6f}, expected {expected[index].item():.6f}"


def test_reference() -> None:
    check_task("rope")


def test_shapes_and_dtypes() -> None:
    for dtype in (torch.float32, torch.bfloat16, torch.float64):
        query, key = (x.to(dtype) for x in random_query_key())
        for name, x, rotated in zip(
            "qk", (query, key), apply_rotary_emb(query, key, D, MAX), strict=True
        ):
            assert (rotated.shape, rotated.dtype) == (x.shape, dtype), (
                f"{name}: got {tuple(rotated.shape)} {rotated.dtype}, "
                f"expected {tuple(x.shape)} {dtype}"
            )


def test_inputs_stay_as_they_are() -> None:
    query, key = random_query_key()
    before = query.clone(), key.clone()
    apply_rotary_emb(query, key, D, MAX)
    assert torch.equal(query, before[0]), "the query was changed in place"
    assert torch.equal(key, before[1]), "the key was changed in place"


def test_position_0_is_unchanged() -> None:
    query, key = random_query_key()
    for x, rotated in zip((query, key), apply_rotary_emb(query, key, D, MAX), strict=True):
        assert torch.allclose(rotated[:, 0], x[:, 0], atol=1e-6), (
            f"position 0 turns by an angle of 0; {largest_error(rotated[:, 0], x[:, 0])}"
        )


def test_pairs_keep_their_length() -> None:
    query, key = random_query_key()
    for x, rotated in zip((query, key), apply_rotary_emb(query, key, D, MAX), strict=True):
        got, expected = (y.unflatten(-1, (-1, 2)).norm(dim=-1) for y in (rotated, x))
        assert torch.allclose(got, expected, atol=1e-5), (
            f"a rotation keeps the length of each pair (0,1), (2,3), ...; "
            f"{largest_error(got, expected)}"
        )


def test_scores_depend_on_the_distance_only() -> None:
    query, key = (x[:, :1].expand(-1, T, -1, -1) for x in random_query_key())

    def scores(start: int) -> Tensor:  # of the query at start + 5 with the key at start + 2
        q, k = apply_rotary_emb(query, key, D, MAX, positions=torch.arange(start, start + T))
        return (q[:, 5, ::2] * k[:, 2]).sum(dim=-1)

    assert torch.allclose(scores(0), scores(40), atol=1e-4), (
        f"the score of positions 5 and 2 equals that of 45 and 42; "
        f"{largest_error(scores(40), scores(0))}"
    )


TESTS = [test for name, test in list(globals().items()) if name.startswith("test_")]

if __name__ == "__main__":
    sys.exit(run_as_script(*TESTS))
