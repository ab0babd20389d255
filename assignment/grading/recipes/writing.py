"""Cases of what a text is written with: the causal mask, the choice of a token, a tiny model."""

from __future__ import annotations

import numpy as np

from assignment.arrays import Array
from assignment.cases import TINY
from assignment.grading import reference
from assignment.grading.recipes.drawing import Arrays, Recorded, normal
from assignment.grading.recipes.whole import is_clear, stack_cases, tiny_weights


def causal_mask_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, T: int, past: int, causal: bool = True, pads: str = "") -> Recorded:
        B, H, S = 2, 3, past + T
        inputs: Arrays = {"shape": np.array([B, H, T, S]), "causal": np.bool_(causal)}
        real = None
        if pads:
            first, last = rng.integers(1, 3, 2)
            real = np.ones((B, S), bool)
            real[0, :first] = False
            real[1, -last:] = pads == "left"
            inputs["real"] = real
        seen = reference.visible(B, T, S, causal, real)
        outputs: Arrays = {"booleans": np.int64(1)}
        outputs["visible"] = np.repeat(seen[:, None], H, axis=1).astype(np.int64)
        return about, inputs, outputs | ({"input_kept": np.int64(1)} if pads else {})

    return {
        "causal": case("five tokens, none of which sees a later one", 5, 0),
        "cached": case("three new tokens after four in a cache", 3, 4),
        "one": case("one new token, which sees all that came before", 1, 6),
        "padded": case("padding on the left in row 0, on the right in row 1", 6, 0, pads="both"),
        "padded_cache": case("a cache that begins with padding in row 0", 3, 4, pads="left"),
        "one_padded": case("one new token, after a cache with padding", 1, 5, pads="left"),
        "both_ways": case("not causal: every token sees every other", 4, 0, causal=False),
        "both_ways_padded": case("not causal, but for the padding", 5, 0, False, pads="both"),
    }


def greedy_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, logits: Array) -> Recorded:
        outputs: Arrays = {"shape": np.array([len(logits), 1]), "whole_numbers": np.int64(1)}
        outputs["tokens"] = logits.argmax(axis=-1)[:, None]
        return about, {"logits": logits}, outputs

    apart = np.zeros((3, 7), np.float32)
    while len(set(apart.argmax(axis=-1))) < 3:
        apart = normal(rng, 3, 7) + np.array([[0], [4], [-4]], np.float32)
    return {
        "rows": case("three texts, with logits of different heights", apart),
        "alone": case("one text", normal(rng, 1, 9)),
        "negative": case("all logits below zero", -np.abs(normal(rng, 4, 6)) - 1),
    }


def top_k_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, logits: Array, k: int) -> Recorded:
        return about, {"logits": logits, "k": np.int64(k)}, left(logits, reference.top_k(logits, k))

    apart = normal(rng, 3, 9) + np.array([[0], [5], [-5]], np.float32)
    tied = np.array([[3, 1, 2, 2, 0, 2, -1], [0, 4, 1, 1, -2, 5, 4]], np.float32)
    tied = rng.permuted(tied, axis=1)
    filtered = normal(rng, 2, 8)
    filtered[0, :6] = filtered[1, 3:] = -np.inf
    return {
        "rows": case("k = 4; each row has a height of its own", apart, 4),
        "one": case("k = 1, the most likely alone", normal(rng, 3, 6) - 2, 1),
        "tied": case("k = 2, and more are tied with the second", tied, 2),
        "all": case("k above V, which keeps everything", normal(rng, 2, 5), 50),
        "filtered": case("k = 4 of logits of which most are -inf already", filtered, 4),
    }


def top_p_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, p: float, *spread: float, filtered: bool = False) -> Recorded:
        while True:
            logits = normal(rng, len(spread), 9) * np.array(spread, np.float32)[:, None]
            if filtered:
                logits[logits < 0] = -np.inf
            sums = np.sort(reference.softmax(wide(logits)), axis=-1)[:, ::-1].cumsum(axis=-1)
            stays = reference.top_p(wide(logits), p)
            # Neither a sum that rounding could put on the other side of p, nor rows alike
            if np.abs(sums - p).min() > 1e-2 and len(set(stays.sum(axis=-1))) == len(spread):
                return given(about, logits, p, stays)

    def given(about: str, logits: Array, p: float, stays: Array) -> Recorded:
        return about, {"logits": logits, "p": np.float32(p)}, left(logits, stays)

    sharp = normal(rng, 3, 8) * np.float32(0.3)
    sharp[np.arange(3), rng.permutation(8)[:3]] += 6
    tail = np.tile(np.linspace(3, -60, 12, dtype=np.float32), (2, 1))
    tail, everything = rng.permuted(tail, axis=1), np.ones(tail.shape, bool)
    return {
        "rows": case("p = 0.7; each row needs another number of tokens", 0.7, 0.3, 1.0, 3.0),
        "most": case("p = 0.95", 0.95, 0.5, 2.0),
        "crossed": given(
            "p = 0.5, which the first token exceeds alone",
            sharp,
            0.5,
            reference.top_p(wide(sharp), 0.5),
        ),
        "tiny": case("p so small that one token is enough", 1e-3, 0.7),
        "all": given("p = 1 keeps all, also what rounding loses", tail, 1.0, everything),
        "filtered": case(
            "p = 0.8 of logits of which some are -inf already", 0.8, 1.0, 0.5, filtered=True
        ),
    }


def wide(x: Array) -> Array:
    return x.astype(np.float64)


def left(logits: Array, stays: Array) -> Arrays:
    """What a filter leaves, as `runners/sampling.py` says it."""
    stays = stays & np.isfinite(logits)
    return {
        "stays": stays.astype(np.int64),
        "logits_left": np.where(stays, logits, 0.0).astype(np.float64),
        "input_kept": np.int64(1),
    }


def writing_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, new: int, real: Array) -> Recorded:
        while True:
            inputs = tiny_weights(rng) | {"tokens": rng.integers(0, TINY.vocab_size, real.shape)}
            text = reference.generate_padded(inputs["tokens"], new, inputs, TINY, real)
            if is_clear(text, new, inputs, real):
                break
        outputs: Arrays = {"greedily": text} if real.all() else {}
        outputs |= {"at_temperature_0": text, "without_a_cache": text}
        outputs |= {"of_one_token": text, "of_a_tiny_share": text}
        if not real.all():
            return about, inputs | {"new": np.int64(new), "real": real}, outputs
        draws = {"outside_the_best": np.int64(0), "other_seed_agrees": np.int64(0)}
        return about, inputs | {"new": np.int64(new)}, outputs | draws

    unequal = np.ones((2, 6), bool)
    unequal[1, :3] = False
    return {
        "model": stack_cases(rng)["causal"],
        "text": case("a text of two rows goes on: greedily, and by draw", 8, np.ones((2, 5), bool)),
        "unequal": case("prompts of unequal length, padded on the left", 6, unequal),
    }
