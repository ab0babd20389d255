"""Cases of what joins given parts: attention's heads, the whole model, the loop that writes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from assignment.arrays import Array
from assignment.cases import TINY
from assignment.grading import reference
from assignment.grading.recipes.drawing import Arrays, Recorded, normal, padding, wide
from assignment.grading.recipes.whole import end_to_end_cases, stack_cases

CONTEXT = 32  # max_seq_len of the stand-in of a language model


def heads_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def weights(D: int) -> Arrays:
        C, H, KV = TINY.dim, TINY.n_heads, TINY.n_kv_heads
        shapes = {"query": (H * D, C), "key": (KV * D, C), "value": (KV * D, C)}
        shapes["output"] = (C, H * D)
        return {
            f"compute_{name}.weight": normal(rng, *shape) / np.float32(np.sqrt(shape[1]))
            for name, shape in shapes.items()
        }

    def joined(x: Array, w: Arrays, config: Any, slowed: float, real: Array | None) -> Array:
        def rotate(x: Array, positions: Array, theta: float) -> Array:
            return reference.standin_rotary(x, positions / slowed, theta)

        named = {f"attention.{name}": weight for name, weight in wide(w).items()}
        stream = reference.multi_head(x.astype(np.float64), named, config, real, rotate)
        return stream if real is None else stream * real[..., None]

    def case(about: str, real: Array | None = None, **changes: Any) -> Recorded:
        head_dim = int(changes.get("head_dim", TINY.head_dim))
        config = replace(TINY, head_dim=head_dim, causal="both_ways" not in changes)
        w, x = weights(head_dim), normal(rng, 2, 7, TINY.dim)
        inputs: Arrays = w | {"x": x} | changes
        outputs: Arrays = {}
        slowed = float(changes.get("slowed", 1.0))
        outputs["stream"] = joined(x, w, config, slowed, real)
        if "past" in changes:
            inputs["other"] = normal(rng, *x.shape)
            other = joined(inputs["other"], w, config, slowed, real)
            outputs["stream_of_another_layer"] = other
        else:
            outputs["calls_differ"] = np.int64(0)
        return about, inputs if real is None else inputs | {"real": real}, outputs

    w, x = weights(TINY.head_dim), normal(rng, 8, 16, TINY.dim)
    training = w | {"x": x, "dropout": np.float32(0.3)}
    dropped: Arrays = {"share_dropped": np.float64(0.3), "kept": joined(x, w, TINY, 1.0, None)}
    begun = np.ones((2, 7), bool)
    begun[0, :2] = False
    return {
        "causal": case("two query heads to each key/value head, and a context"),
        "alone": case("without a context: one text after another", alone=np.True_),
        "padded": case("a batch with padding on the left and on the right", padding(2, 7)),
        "cached": case(
            "two layers, one cache: four tokens, then three more", begun, past=np.int64(4)
        ),
        "wide": case("heads of 8 features, which together are wider than x", head_dim=np.int64(8)),
        "scaled": case("a model whose RoPE is scaled", slowed=np.float32(4)),
        "both_ways": case("a bidirectional model, without a context", both_ways=np.True_,
                          alone=np.True_),
        "training": (
            "train mode: the dropout takes a share of the result, and the rest grows",
            training,
            dropped,
        ),
    }  # fmt: skip


def forward_pass_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def weights() -> Arrays:
        V, C = TINY.vocab_size, TINY.dim
        layers = normal(rng, TINY.n_layers, C, C) / np.float32(C**0.5)
        return {
            "tok_embeddings": normal(rng, V, C),
            "output": normal(rng, V, C) / np.float32(C**0.5),
            "layers": layers,
            "norm": 1 + 0.3 * normal(rng, C),
        }

    def case(about: str, real: Array | None = None, **asked: Any) -> Recorded:
        inputs = weights() | {"tokens": rng.integers(0, TINY.vocab_size, (2, 7))} | asked
        logits, hidden = reference.standin_stack(wide(inputs), real)
        kept = np.ones((2, 7), bool) if real is None else real
        if "targets" in asked:
            logits = logits * kept[..., None]
        else:
            ends = [[past - 1, 6] for past in (int(asked["past"]),)] if "past" in asked else None
            last = 6 - kept[:, ::-1].argmax(axis=1)[:, None] if ends is None else ends * 2
            logits = np.take_along_axis(logits, np.array(last)[..., None], axis=1)
        if real is not None:
            inputs["real"] = real
        return about, inputs, {"logits": logits, "hidden_states": hidden * kept[..., None]}

    begun = np.ones((2, 7), bool)
    begun[0, :2] = False
    # One token each, half of its features empty; the first layer copies the others into them.
    half, states = TINY.dim // 2, weights()
    states["tok_embeddings"][:, half:] = 0
    states["layers"] = np.zeros((TINY.n_layers, TINY.dim, TINY.dim), np.float32)
    states["layers"][0, :half, half:] = np.eye(half)
    states |= {"norm": np.ones(TINY.dim, np.float32), "dropout": np.float32(0.3)}
    states["tokens"] = rng.integers(0, TINY.vocab_size, (128, 1))
    found = states["tok_embeddings"].astype(np.float64)[states["tokens"], :half]
    dropped: Arrays = {"share_dropped": np.float64(0.3), "kept": np.tile(found, 2)}
    dropped["dropped_after_the_layers"] = np.int64(0)
    return {
        "last": case("without targets: logits at the last position", no_grad=np.True_),
        "targets": case("with targets: logits at every position", targets=np.True_),
        "padded": case("a batch with padding on the left and on the right", padding(2, 7)),
        "padded_targets": case("the same, with targets", padding(2, 7), targets=np.True_),
        "cached": case("four tokens, then three more, with a cache", begun, past=np.int64(4)),
        "training": (
            "train mode: dropout takes a share of the embeddings, before a layer copies them",
            states,
            dropped,
        ),
    }


class Unclear(Exception):
    """What was drawn does not show what its case is there for."""


def generate_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    """Drawn anew until each new token leads by more than rounding can turn over."""

    def write(
        inputs: Arrays, pads_seen: bool = False, **how: Any
    ) -> list[tuple[list[int], list[float]]]:
        """The new tokens of each text, and their log-probabilities."""
        w, rows = wide(inputs), []
        kept = inputs.get("real", np.ones(inputs["tokens"].shape, bool))
        for row, real in zip(inputs["tokens"], kept, strict=True):
            new, logprobs, lead = reference.written(
                row[real],
                int(inputs["new"]),
                lambda text: w["output"] @ reference.standin_llama(text, w["embeddings"])[1],
                CONTEXT,
                penalty=float(inputs.get("repetition_penalty", 1.0)),
                seen=row[~real] if pads_seen else (),
                **how,
            )
            if lead < 2e-3:
                raise Unclear
            rows.append((new, logprobs))
        return rows

    def drawn(T: int, new: int, real: Array | None, **asked: Any) -> Arrays:
        B, V, C = 2, TINY.vocab_size, TINY.dim
        inputs: Arrays = {"embeddings": normal(rng, V, C), "output": normal(rng, V, C)}
        inputs |= {"tokens": rng.integers(0, V, (B, T)), "new": np.int64(new), **asked}
        return inputs if real is None else inputs | {"real": real}

    def clear(about: str, T: int, new: int, real: Array | None = None, **asked: Any) -> Recorded:
        while True:
            inputs = drawn(T, new, real, **asked)
            try:
                return about, inputs, expected(inputs)
            except Unclear:
                continue

    def expected(inputs: Arrays) -> Arrays:
        if "steps" in inputs:
            return read_step_by_step(inputs)
        hot = float(inputs["temperature"]) > 0 and "top_k" not in inputs
        rows = write(inputs, drawn=hot)
        if "repetition_penalty" in inputs:
            mistaken = (
                write(inputs, pads_seen=True),
                write(inputs | {"repetition_penalty": np.float32(1)}),
            )
            if rows in mistaken:
                raise Unclear
        if "stops" in inputs:
            rows = stopped(inputs, rows)
        text = np.concatenate((inputs["tokens"], np.array([new for new, _ in rows])), axis=1)
        logprobs = np.array([logprobs for _, logprobs in rows])
        outputs = {"text": text, "log_probabilities_of_new_tokens": logprobs}
        return outputs | ({"generator_ignored": np.int64(0)} if inputs["temperature"] > 0 else {})

    def stopped(
        inputs: Arrays, rows: list[tuple[list[int], list[float]]]
    ) -> list[tuple[list[int], list[float]]]:
        """The same with stop tokens that end row 0 with its second new token, row 1 with its fifth.

        One stands in row 0's prompt too, where it stops nothing.
        """
        (first, _), (second, _) = rows
        stops = first[1], second[4]
        inputs["tokens"][0, 0] = first[1]
        rows = write(inputs)
        ends = [next((i for i, x in enumerate(new) if x in stops), None) for new, _ in rows]
        if ends != [1, 4] or rows[0][0][2] == rows[0][0][1]:
            raise Unclear
        del inputs["stops"]
        inputs["stop_tokens"] = np.array(stops)
        return [(new[:5], logprobs[:5]) for new, logprobs in write(inputs, stops=stops)]

    def read_step_by_step(inputs: Arrays) -> Arrays:
        T = inputs["tokens"].shape[1]
        steps = np.arange(int(inputs["new"]))
        outputs: Arrays = {}
        new = np.array([new for new, _ in write(inputs)])
        for name, counts in (
            ("cache", T + steps),
            ("no_cache", ((T + steps) * (steps + 1) - steps * (steps + 1) // 2)),
            ("lent_cache", T + steps),
        ):
            outputs |= {f"new_tokens.{name}": new, f"tokens_read.{name}": counts}
        return outputs

    cold: Arrays = {"temperature": np.float32(0)}
    hot: Arrays = {"temperature": np.float32(2)}
    long, short = np.ones((2, 30), bool), np.ones((2, 7), bool)
    long[1, :4], short[0, :5] = False, False
    return {
        "greedy": clear("the most likely token, six times", 5, 6, **cold),
        "padded": clear("a batch with padding on both sides", 7, 6, padding(2, 7), **cold),
        "drawn": clear("a temperature above 0", 5, 6, **hot),
        "filtered": clear("a temperature, but top_k leaves one token", 5, 6, **hot,
                          top_k=np.int64(1)),
        "stopped": clear("stop tokens, that end the rows one after the other", 5, 8, **cold,
                         stops=np.True_),
        "outgrown": clear("texts that outgrow a context of 32 tokens", 30, 10, long, **cold),
        "penalised": clear("a penalty on repetition, and padding, which is none of the text", 7, 8,
                           short, **cold, repetition_penalty=np.float32(3)),
        "steps": clear("token by token: what the model reads with a cache, without, with one lent",
                       5, 4, steps=np.True_),
    }  # fmt: skip


def together_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    """One of the stack and one of the modes, on numbers alone."""
    stack, modes = stack_cases(rng), end_to_end_cases(rng)
    return {"padded": stack["padded"], "small_model": modes["small_model"]}
