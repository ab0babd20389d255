"""Cases of the parts of the model, each alone, and of sampling."""

from __future__ import annotations

import numpy as np

from assignment.arrays import Array
from assignment.cases import TINY
from assignment.grading import reference
from assignment.grading.recipes.drawing import Arrays, Recorded, half, normal, padding, wide


def rope_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(
        about: str,
        query: Array,
        key: Array,
        theta: float = 10000.0,
        max_seq_len: int = 20,
        positions: Array | None = None,
    ) -> Recorded:
        inputs: Arrays = {"query": query, "key": key}
        inputs |= {"theta": np.float32(theta), "max_seq_len": np.int64(max_seq_len)}
        if positions is not None:
            inputs["positions"] = positions
        else:
            positions = np.arange(query.shape[1])
        outputs: Arrays = {
            name: reference.rope(x.astype(np.float64), positions, theta)
            for name, x in (("query", query), ("key", key))
        }
        return about, inputs, outputs | {"inputs_kept": np.int64(1)}

    ones = np.ones((1, 2, 2, 4), np.float32)
    left_padded = np.maximum(np.arange(5)[None] - np.array([[0], [2], [3]]), 0)
    about, inputs, outputs = case(
        "bfloat16, far into a text, where it cannot tell positions: angles in float32",
        half(normal(rng, 2, 5, 4, 6)),
        half(normal(rng, 2, 5, 2, 6)),
        max_seq_len=4096,
        positions=np.arange(2003, 2008),
    )
    return {
        "grouped": case("KV < H, T != H", normal(rng, 2, 7, 4, 6), normal(rng, 2, 7, 2, 6)),
        "theta": case(
            "another base", normal(rng, 1, 5, 3, 8), normal(rng, 1, 5, 1, 8), theta=100.0
        ),
        "cached": case(
            "positions (T,) that start late, as after a cache",
            normal(rng, 2, 3, 4, 6),
            normal(rng, 2, 3, 2, 6),
            positions=np.arange(11, 14),
        ),
        "padded": case(
            "positions (B, T), another for each row",
            normal(rng, 3, 5, 4, 6),
            normal(rng, 3, 5, 2, 6),
            positions=left_padded,
        ),
        "half": (about, inputs | {"half": np.True_}, outputs),
        "types": rope_types(rng),
        "published": case("the course's own example", 2 * ones, 3 * ones),
    }


def rope_types(rng: np.random.Generator) -> Recorded:
    inputs = {"query": normal(rng, 1, 3, 4, 6), "key": normal(rng, 1, 3, 2, 6), "types": np.True_}
    inputs |= {"theta": np.float32(100), "max_seq_len": np.int64(20)}
    kept = {"bfloat16_kept": np.int64(1), "float64_kept": np.int64(1)}
    return "the result in the type that came in, bfloat16 or float64", inputs, kept


def rmsnorm_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, x: Array, eps: float, mode: str) -> Recorded:
        eps = float(np.float32(eps))
        output = reference.rmsnorm(x.astype(np.float64), eps)
        return (
            about,
            {"x": x, "eps": np.float32(eps), mode: np.True_},
            {"normalised": output, "input_kept": np.int64(1)},
        )

    large, small = normal(rng, 2, 5, 8) * 50 + 20, normal(rng, 3, 4, 6) * 0.1
    zeros = normal(rng, 1, 4, 6)
    zeros[0, 2] = 0
    return {
        "large": case("large numbers with a mean", large, 1e-5, "no_grad"),
        "small": case("numbers so small that eps matters", small, 1e-2, "training"),
        "zero": case("a vector of zeros, which stays one", zeros, 1e-6, "no_grad"),
    }


def attention_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, T: int, S: int, mask: Array | None, mode: str) -> Recorded:
        inputs: Arrays = {"query": normal(rng, 2, 4, T, 6) * 2, mode: np.True_}
        inputs |= {name: normal(rng, 2, 4, S, 6) for name in ("key", "value")}
        if mask is not None:
            inputs["mask"] = mask
        w = wide(inputs)
        attended = reference.attention(w["query"], w["key"], w["value"], mask)
        return about, inputs, {"attended": attended, "calls_differ": np.int64(0)}

    causal = np.tri(5, dtype=bool)
    padded = np.array([[0, 0, 1, 1, 1], [1, 1, 1, 1, 1]], bool)[:, None, None]
    padded = (padded & causal) | np.eye(5, dtype=bool)
    return {
        "causal": case("a causal mask", 5, 5, causal, "with_gradients"),
        "unmasked": case("no mask: every token sees every other", 5, 5, None, "with_gradients"),
        "cached": case(
            "three queries, seven keys: S > T, without gradients, as when it writes",
            3,
            7,
            np.tri(3, 7, 4, dtype=bool),
            "no_grad",
        ),
        "padded": case("another mask for each row of the batch", 5, 5, padded, "no_grad"),
        "training": attention_in_training(rng, 16),
    }


def attention_in_training(rng: np.random.Generator, T: int) -> Recorded:
    """The values are unit vectors and a one, so that the weights themselves come out."""
    inputs: Arrays = {name: normal(rng, 2, 4, T, T + 1) for name in ("query", "key")}
    value = np.concatenate((np.eye(T), np.ones((T, 1))), axis=1).astype(np.float32)
    inputs["value"] = np.broadcast_to(value, (2, 4, T, T + 1)).copy()
    inputs |= {"mask": np.tri(T, dtype=bool), "dropout": np.float32(0.3)}
    w = wide(inputs)
    weights = reference.attention(w["query"], w["key"], w["value"], inputs["mask"])[..., :T]
    about = "train mode: the dropout takes a share of the weights, and the rest grows"
    expected: Arrays = {"share_dropped": np.float64(0.3), "kept": weights}
    expected |= {"beside_the_sum": np.zeros((2, 4, T)), "mask_ignored": np.int64(0)}
    return about, inputs, expected


def swiglu_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, B: int, T: int, mode: str) -> Recorded:
        inputs: Arrays = {"x": normal(rng, B, T, 6), "w1.weight": normal(rng, 10, 6)}
        inputs |= {"w2.weight": normal(rng, 6, 10), "w3.weight": normal(rng, 10, 6)}
        inputs[mode] = np.True_
        x, w1, w3 = (inputs[n].astype(np.float64) for n in ("x", "w1.weight", "w3.weight"))
        outputs = {"activated": reference.swiglu(x, w1, w3)}
        return (
            about,
            inputs,
            outputs | {"share_of_zeros": np.float64(0), "calls_differ": np.int64(0)},
        )

    return {
        "random": case("F != C", 2, 3, "no_grad"),
        "training": case("train mode: its dropout is forward's business", 8, 6, "training"),
    }


def layer_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, real: Array | None = None) -> Recorded:
        C = TINY.dim
        inputs: Arrays = {"x": normal(rng, 2, 7, C)}
        inputs |= {n: normal(rng, C, C) / np.float32(C**0.5) for n in ("attention", "feed_forward")}
        inputs |= {n: 1 + 0.3 * normal(rng, C) for n in ("attention_norm", "ffn_norm")}
        stream = reference.standin_layer(wide(inputs), real)
        if real is not None:
            inputs["real"], stream = real, stream * real[..., None]
        inputs["training" if real is None else "no_grad"] = np.True_
        return about, inputs, {"stream": stream}

    return {
        "causal": case("attention, norms and feed-forward are given; this is how they join"),
        "padded": case("a batch with padding on the left and on the right", padding(2, 7)),
    }


def sampling_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, temperature: float, logits: Array) -> Recorded:
        inputs = {"logits": logits, "temperature": np.float32(temperature)}
        shape = np.array([len(logits), 1])
        if temperature == 0:
            tokens = logits.argmax(axis=-1)[:, None]
            outputs = {"shape": shape, "whole_numbers": np.int64(1), "tokens": tokens}
            return about, inputs, outputs | {"calls_differ": np.int64(0)}
        shares = reference.softmax(logits.astype(np.float64), temperature)
        seeds = ("same_seed_differs", "other_seed_agrees", "global_seed_ignored")
        outputs = {"shape": shape, "whole_numbers": np.int64(1), "shares": shares}
        return about, inputs, outputs | dict.fromkeys(seeds, np.int64(0))

    tail = rng.permutation(np.log([*[0.006] * 40, *np.linspace(0.01, 0.0533, 24)]))
    about, inputs, outputs = case(
        "64 tokens, and the least likely is drawn too", 1.0, tail[None].astype(np.float32)
    )
    return {
        "argmax": case("temperature 0 takes the most likely token", 0.0, normal(rng, 3, 7) * 1.5),
        "cool": case("temperature 0.3 sharpens", 0.3, normal(rng, 3, 7) * 0.5),
        "hot": case("temperature 3 flattens", 3.0, normal(rng, 3, 7) * 1.5),
        "tail": (about, inputs, outputs | {"some_never_drawn": np.int64(0)}),
    }
