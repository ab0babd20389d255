"""Sampling: distributions worked out by hand, filters in transformers' order, and its limits."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from sampling import (
    Sampling,
    choose_token,
    filter_min_p,
    filter_top_k,
    filter_top_p,
    penalise_repetition,
    sample_next,
)
from tests.helpers import random_llama, random_tokens

# Probabilities .5 .25 .125 .125, in another order: .125 .5 .125 .25
LOGITS = torch.tensor([[math.log(p) for p in (0.125, 0.5, 0.125, 0.25)]])


def kept(logits: torch.Tensor) -> list[int]:
    return torch.isfinite(logits)[0].nonzero().flatten().tolist()


@pytest.mark.parametrize(
    ("k", "expected"),
    [(1, [1]), (2, [1, 3]), (3, [0, 1, 2, 3]), (4, [0, 1, 2, 3]), (99, [0, 1, 2, 3])],
)
def test_top_k_keeps_ties(k: int, expected: list[int]) -> None:
    assert kept(filter_top_k(LOGITS, k)) == expected


@pytest.mark.parametrize(
    ("p", "expected"),
    [(1e-300, [1]), (0.3, [1]), (0.49, [1]), (0.51, [1, 3]), (0.74, [1, 3]), (0.8, [0, 1, 3]),
     (0.99, [0, 1, 2, 3]), (1.0, [0, 1, 2, 3])],
)  # fmt: skip
def test_top_p_keeps_the_nucleus(p: float, expected: list[int]) -> None:
    assert kept(filter_top_p(LOGITS, p)) == expected


def test_filters_leave_their_input_alone() -> None:
    before = LOGITS.clone()
    filter_top_k(LOGITS, 1)
    filter_top_p(LOGITS, 0.1)
    choose_token(LOGITS, Sampling(0.5, 2, 0.5))
    assert torch.equal(LOGITS, before)


def chi_square(draws: torch.Tensor, probabilities: list[float]) -> float:
    counts = torch.bincount(draws.flatten(), minlength=len(probabilities)).double()
    expected = torch.tensor(probabilities, dtype=torch.float64) * draws.numel()
    assert counts[expected == 0].sum() == 0, "a token of probability 0 was drawn"
    kept = expected > 0
    return float(((counts - expected)[kept] ** 2 / expected[kept]).sum())


@pytest.mark.parametrize(
    ("temperature", "top_k", "top_p", "probabilities"),
    [
        (1.0, None, None, [0.125, 0.5, 0.125, 0.25]),
        (0.5, None, None, [1 / 22, 16 / 22, 1 / 22, 4 / 22]),
        (1.0, 2, None, [0, 2 / 3, 0, 1 / 3]),
        (0.5, 2, None, [0, 0.8, 0, 0.2]),
        # Temperature comes first: at 2 the nucleus of .75 has more tokens than at 1.
        (2.0, None, 0.75, None),
        (1.0, None, 0.75, [0, 2 / 3, 0, 1 / 3]),
        # Top-p looks at what top-k has left: of .5 and .25, the first alone holds two thirds.
        (1.0, 2, 0.6, [0, 1.0, 0, 0]),
    ],
)
def test_the_draws_follow_the_distribution(temperature, top_k, top_p, probabilities) -> None:
    if probabilities is None:
        roots = [math.sqrt(p) for p in (0.125, 0.5, 0.125, 0.25)]
        assert roots[1] + roots[3] < 0.75 * sum(roots) <= roots[0] + roots[1] + roots[3]
        roots[2] = 0  # the later of two equals
        probabilities = [r / sum(roots) for r in roots]
    generator = torch.Generator().manual_seed(7)
    sampling = Sampling(temperature, top_k, top_p)
    draws = choose_token(LOGITS.expand(20_000, -1), sampling, generator)
    assert draws.shape == (20_000, 1)
    assert chi_square(draws, probabilities) < 16.3  # three degrees of freedom: 1 in 1000


def test_temperature_zero_is_argmax_whatever_the_filters() -> None:
    logits = torch.randn(50, 30)
    for top_k, top_p in ((None, None), (5, None), (None, 0.3)):
        got = choose_token(logits, Sampling(0.0, top_k, top_p))
        assert torch.equal(got, logits.argmax(dim=-1, keepdim=True))


@given(temperature=st.floats(min_value=5e-324, max_value=1e-4))
@settings(max_examples=50, deadline=None)
def test_a_tiny_temperature_is_nearly_argmax(temperature: float) -> None:
    logits = torch.tensor([[1.0, 3.0, -2.0], [1000.0, -1000.0, 0.0]])
    assert sample_next(logits, temperature).flatten().tolist() == [1, 0]


def test_a_huge_temperature_is_nearly_uniform() -> None:
    generator = torch.Generator().manual_seed(1)
    draws = sample_next(LOGITS.expand(20_000, -1), 1e300, generator)
    assert chi_square(draws, [0.25] * 4) < 16.3


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions(dtype: torch.dtype) -> None:
    draws = choose_token(LOGITS.to(dtype).expand(1000, -1), Sampling(0.7, 3, 0.9))
    assert draws.dtype == torch.int64


def test_equal_to_transformers_filters() -> None:
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    logits = torch.randn(20, 40).double()
    for k in (1, 5, 40, 100):
        theirs = transformers.TopKLogitsWarper(k)(None, logits)
        assert torch.equal(torch.isfinite(filter_top_k(logits, k)), torch.isfinite(theirs))
    for p in (0.05, 0.5, 0.9, 0.999):
        theirs = transformers.TopPLogitsWarper(p)(None, logits)
        assert torch.equal(torch.isfinite(filter_top_p(logits, p)), torch.isfinite(theirs))


def test_a_token_of_a_share_of_the_greatest_probability_stays() -> None:
    """Of .125, .5, .125 and .25; temperature comes first, as in the other filters."""
    generator = torch.Generator().manual_seed(7)
    for temperature, min_p, probabilities in (
        (1.0, 0.26, [0, 2 / 3, 0, 1 / 3]),
        (1.0, 0.25, [0.125, 0.5, 0.125, 0.25]),
        (0.5, 0.26, [0, 1.0, 0, 0]),
        (1.0, 1.0, [0, 1.0, 0, 0]),
    ):
        sampling = Sampling(temperature, min_p=min_p)
        draws = choose_token(LOGITS.expand(20_000, -1), sampling, generator)
        assert chi_square(draws, probabilities) < 16.3


def test_a_penalty_on_repetition_comes_first_and_at_temperature_zero_as_well() -> None:
    logits = torch.tensor([[2.0, 1.5, -1.0, -1.2], [2.0, 1.5, -1.0, -1.2]])
    seen = torch.tensor([[0, 0, 2], [3, 3, 3]])
    penalty = Sampling(0.0, repetition_penalty=2.0)
    assert choose_token(logits, penalty, None, seen).flatten().tolist() == [1, 0]
    assert penalise_repetition(logits, seen, 2.0).tolist() == [
        [1.0, 1.5, -2.0, pytest.approx(-1.2)],
        [2.0, 1.5, -1.0, pytest.approx(-2.4)],
    ]
    # Of what it leaves, 1.5 and 1.0 are the two most likely; at temperature 2 less so.
    sampling = Sampling(2.0, 2, repetition_penalty=2.0)
    generator = torch.Generator().manual_seed(7)
    draws = choose_token(
        logits[:1].expand(20_000, -1), sampling, generator, seen[:1].expand(20_000, -1)
    )
    other = 1 / (1 + math.exp(0.25))
    assert chi_square(draws, [other, 1 - other, 0, 0]) < 16.3


def test_filters_equal_transformers_to_the_number() -> None:
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    logits, seen = torch.randn(20, 40).double(), torch.randint(0, 40, (20, 9))
    for p in (0.01, 0.1, 0.5, 1.0):
        theirs = transformers.MinPLogitsWarper(p)(None, logits)
        assert torch.equal(filter_min_p(logits, p), theirs)
    for penalty in (0.5, 1.3, 4.0):
        theirs = transformers.RepetitionPenaltyLogitsProcessor(penalty)(seen, logits)
        assert torch.equal(penalise_repetition(logits, seen, penalty), theirs)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"temperature": -0.5}, "temperature=-0.5"),
        ({"temperature": float("nan")}, "temperature=nan"),
        ({"top_k": 0}, "top_k=0"),
        ({"top_p": 0.0}, "top_p=0.0"),
        ({"top_p": 1.5}, "top_p=1.5"),
        ({"min_p": 0.0}, "min_p=0.0"),
        ({"min_p": 1.1}, "min_p=1.1"),
        ({"repetition_penalty": 0.0}, "repetition_penalty=0.0"),
        ({"repetition_penalty": float("inf")}, "repetition_penalty=inf"),
    ],
)
def test_a_number_out_of_range_is_named(given: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Sampling(**given)


def test_logits_that_are_no_numbers_are_refused() -> None:
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="logits are not finite"):
            choose_token(torch.tensor([[0.0, value]]), Sampling())


class NoFloat64(TorchDispatchMode):
    """Apple's GPUs refuse every operation in float64."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if isinstance(out, torch.Tensor) and out.dtype == torch.float64:
            raise TypeError("the MPS framework doesn't support float64")
        return out


@pytest.mark.parametrize("sampling", [Sampling(0.0), Sampling(1.0), Sampling(0.7, 5, 0.9)])
def test_generating_takes_no_float64(sampling: Sampling) -> None:
    with NoFloat64():
        tokens = list(random_llama().write(random_tokens(2, 5), 3, sampling))
    assert torch.cat(tokens, dim=1).shape == (2, 3)


@pytest.mark.parametrize("temperature", [1e-45, 1e-40, 1e-30, 1e-8])
def test_the_coldest_temperature_is_the_argmax(temperature: float) -> None:
    logits = torch.tensor([[-3e4, 5.0, 4.999999, -1e-3], [1e-7, 0.0, -1e-7, 3e38]])
    assert sample_next(logits, temperature).flatten().tolist() == [1, 3]
