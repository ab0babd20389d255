"""How cases are drawn: random inputs, and what `reference.py` makes of them in float64.

The recorded cases come from a fixed seed (`make_reference.py`), the hidden ones of grading from a
secret and the submission. Nothing here is part of a handout, and nothing needs torch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np

from assignment.cases import STAGE, TINY, Array, Case
from assignment.grading import reference

Arrays = dict[str, Any]  # name -> array or scalar
Recorded = tuple[str, Arrays, Arrays]  # what the case is there for, inputs, expected outputs


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
        outputs = {
            name: reference.rope(x.astype(np.float64), positions, theta)
            for name, x in (("query", query), ("key", key))
        }
        return about, inputs, outputs

    ones = np.ones((1, 2, 2, 4), np.float32)
    left_padded = np.maximum(np.arange(5)[None] - np.array([[0], [2], [3]]), 0)
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
        "published": case("the course's own example", 2 * ones, 3 * ones),
    }


def rmsnorm_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, x: Array, eps: float) -> Recorded:
        eps = float(np.float32(eps))
        output = reference.rmsnorm(x.astype(np.float64), eps)
        return about, {"x": x, "eps": np.float32(eps)}, {"normalised": output}

    large, small = normal(rng, 2, 5, 8) * 50 + 20, normal(rng, 3, 4, 6) * 0.1
    zeros = normal(rng, 1, 4, 6)
    zeros[0, 2] = 0
    return {
        "large": case("large numbers with a mean", large, 1e-5),
        "small": case("numbers so small that eps matters", small, 1e-2),
        "zero": case("a vector of zeros, which stays one", zeros, 1e-6),
    }


def attention_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(
        about: str, T: int, S: int, mask: Array | None = None, keep: Array | None = None
    ) -> Recorded:
        inputs = {"query": normal(rng, 2, 4, T, 6) * 2}
        inputs |= {name: normal(rng, 2, 4, S, 6) for name in ("key", "value")}
        if mask is not None:
            inputs["mask"] = mask
        if keep is not None:
            inputs["keep"] = keep
        w = wide(inputs)
        output = reference.attention(w["query"], w["key"], w["value"], mask, w.get("keep"))
        return about, inputs, {"attended": output}

    causal = np.tri(5, dtype=bool)
    padded = np.array([[0, 0, 1, 1, 1], [1, 1, 1, 1, 1]], bool)[:, None, None]
    padded = (padded & causal) | np.eye(5, dtype=bool)
    dropped = np.where(rng.random((2, 4, 5, 5)) < 0.5, np.float32(0), np.float32(2))
    return {
        "causal": case("a causal mask", 5, 5, causal),
        "unmasked": case("no mask: every token sees every other", 5, 5),
        "cached": case("three queries, seven keys: S > T", 3, 7, np.tri(3, 7, 4, dtype=bool)),
        "padded": case("another mask for each row of the batch", 5, 5, padded),
        "dropout": case("train mode, with a recorded dropout", 5, 5, causal, dropped),
    }


def swiglu_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    inputs = {"x": normal(rng, 2, 3, 6), "w1.weight": normal(rng, 10, 6)}
    inputs |= {"w2.weight": normal(rng, 6, 10), "w3.weight": normal(rng, 10, 6)}
    x, w1, w3 = (inputs[n].astype(np.float64) for n in ("x", "w1.weight", "w3.weight"))
    return {"random": ("F != C", inputs, {"activated": reference.swiglu(x, w1, w3)})}


def layer_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, real: Array | None = None) -> Recorded:
        C = TINY.dim
        inputs = {"x": normal(rng, 2, 7, C)}
        inputs |= {n: normal(rng, C, C) / np.float32(C**0.5) for n in ("attention", "feed_forward")}
        inputs |= {n: 1 + 0.3 * normal(rng, C) for n in ("attention_norm", "ffn_norm")}
        stream = reference.standin_layer(wide(inputs), real)
        if real is not None:
            inputs["real"], stream = real, stream * real[..., None]
        return about, inputs, {"stream": stream}

    return {
        "causal": case("attention, norms and feed-forward are given; this is how they join"),
        "padded": case("a batch with padding on the left and on the right", padding(2, 7)),
    }


def stack_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, real: Array | None = None) -> Recorded:
        inputs = tiny_weights(rng) | {"tokens": rng.integers(0, TINY.vocab_size, (2, 7))}
        stages: dict[str, Array] = {}
        logits, hidden = reference.llama(inputs["tokens"], inputs, TINY, real, stages)
        last = np.array([6, 6])
        if real is not None:
            inputs["real"] = real
            last = 6 - real[:, ::-1].argmax(axis=1)
        outputs = {STAGE + name: x for name, x in stages.items()}
        outputs |= {"hidden_states": hidden, "logits": logits}
        if real is not None:
            outputs = {n: x * real.reshape(2, 7, *[1] * (x.ndim - 2)) for n, x in outputs.items()}
        return about, inputs, outputs | {"last_logits": logits[[0, 1], last][:, None]}

    while True:
        greedy = tiny_weights(rng) | {"tokens": rng.integers(0, TINY.vocab_size, (2, 5))}
        tokens = reference.generate(greedy["tokens"], 12, greedy, TINY)
        if is_clear(tokens, 12, greedy, np.ones((2, 5), bool)):
            break
    greedy["new"] = np.int64(12)
    return {
        "causal": case("the whole model"),
        "padded": case("a batch with padding on the left and on the right", padding(2, 7)),
        "greedy": ("the most likely token, twelve times", greedy, {"tokens": tokens}),
    }


def sampling_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, temperature: float) -> Recorded:
        logits = normal(rng, 3, 7) * 1.5
        inputs = {"logits": logits, "temperature": np.float32(temperature)}
        if temperature == 0:
            return about, inputs, {"tokens": logits.argmax(axis=-1)[:, None]}
        shares = reference.softmax(logits.astype(np.float64), temperature)
        return about, inputs, {"shares": shares, "draws_that_differ": np.int64(0)}

    return {
        "argmax": case("temperature 0 takes the most likely token", 0.0),
        "cool": case("temperature 0.3 sharpens", 0.3),
        "hot": case("temperature 3 flattens", 3.0),
    }


def adamw_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(
        about: str, steps: int, *groups: tuple[float, float, float, float, float, bool]
    ) -> Recorded:
        names = "lr", "beta1", "beta2", "eps", "weight_decay", "correct_bias"
        inputs: Arrays = {
            name: np.array(values, np.float32)
            for name, values in zip(names, zip(*groups, strict=True), strict=True)
        }
        # Large, usual, tiny and no gradients at all: what eps and decay do differs in each.
        scales = np.array([100, 1, 1, 1e-5, 1e-5, 0, 0], np.float32)
        outputs = {}
        for i, group in enumerate(groups):
            start, gradients = normal(rng, 7) + 2, normal(rng, steps, 7) * scales
            inputs |= {f"parameters.{i}": start, f"gradients.{i}": gradients}
            lr, beta1, beta2, eps, decay = (float(np.float32(value)) for value in group[:5])
            outputs[f"parameters.{i}"] = reference.adamw(
                start.astype(np.float64),
                gradients.astype(np.float64),
                lr,
                beta1,
                beta2,
                eps,
                decay,
                group[5],
            )
        return about, inputs, outputs

    return {
        "decay": case("a decay that matters", 5, (0.3, 0.9, 0.999, 1e-6, 0.5, True)),
        "groups": case(
            "two groups with settings of their own",
            4,
            (0.1, 0.9, 0.999, 1e-3, 0.2, True),
            (0.02, 0.7, 0.9, 1e-6, 0.0, True),
        ),
        "uncorrected": case("without bias correction", 3, (0.3, 0.9, 0.99, 1e-6, 0.5, False)),
    }


def zero_shot_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, labels: list[list[int]], real: Array | None = None) -> Recorded:
        embeddings = normal(rng, TINY.vocab_size, TINY.dim)
        inputs: Arrays = {"embeddings": embeddings} | prompts(rng, labels, 3, 8, real)
        kept = np.ones((3, 8), bool) if real is None else real
        model = wide(inputs)["embeddings"]
        scores = [
            reference.label_log_probabilities(
                row[keep],
                labels,
                int(inputs["loose_end"][0]),
                lambda text: reference.standin_llama(text, model)[0],
            )
            for row, keep in zip(inputs["tokens"], kept, strict=True)
        ]
        return about, inputs, {"log_probabilities": np.array(scores)}

    several = [[9], [10, 11], [12, 13, 14]]
    real = padding(3, 8)
    real[0, :3] = False
    return {
        "pieces": case("labels of one, two and three pieces", several),
        "padded": case("a batch with padding on the left and on the right", several, real),
        "single": case("labels of one piece", [[9], [10]]),
    }


def embedding_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, real: Array | None = None, dropout: bool = False) -> Recorded:
        inputs: Arrays = {"embeddings": normal(rng, TINY.vocab_size, TINY.dim)}
        inputs["tokens"] = rng.integers(0, TINY.vocab_size, (3, 7))
        inputs |= {"head.weight": normal(rng, 5, TINY.dim), "head.bias": normal(rng, 5)}
        if real is not None:
            inputs["real"] = real
        kept = np.ones((3, 7), bool) if real is None else real
        state = np.stack(
            [
                reference.standin_llama(row[keep], wide(inputs)["embeddings"])[1]
                for row, keep in zip(inputs["tokens"], kept, strict=True)
            ]
        )
        if dropout:
            inputs["keep"] = np.where(rng.random(state.shape) < 0.5, np.float32(0), np.float32(2))
            state = state * inputs["keep"]
        logits = state @ inputs["head.weight"].astype(np.float64).T + inputs["head.bias"]
        return about, inputs, {"log_probabilities": np.log(reference.softmax(logits))}

    return {
        "padded": case("a batch with padding on the left and on the right", padding(3, 7)),
        "ids_alone": case("without a mask every position is real"),
        "dropout": case("train mode, with a recorded dropout", padding(3, 7), dropout=True),
    }


def end_to_end_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    labels = [[9], [10, 11], [12, 13, 14]]
    real = padding(3, 8)
    while True:
        inputs = tiny_weights(rng) | prompts(rng, labels, 3, 8, real)
        generated = reference.generate_padded(inputs["tokens"], 6, inputs, TINY, real)
        if is_clear(generated, 6, inputs, real):
            break
    inputs |= {"new": np.int64(6), "steps": np.int64(5), "labels_of_rows": np.array([0, 2, 1])}
    inputs["head.weight"] = normal(rng, 3, TINY.dim)
    for name, shape in shapes().items():
        direction = normal(rng, *shape)
        inputs[f"direction.{name}"] = direction / np.float32(np.sqrt(direction.size))
    outputs = {
        "generated": generated,
        "zero_shot": np.array(
            [
                reference.label_log_probabilities(
                    row[keep],
                    labels,
                    int(inputs["loose_end"][0]),
                    lambda text: reference.llama(text[None], inputs, TINY)[0][0, -1],
                )
                for row, keep in zip(inputs["tokens"], real, strict=True)
            ]
        ),
        **reference.finetune(inputs, TINY),
    }
    about = "generate, classify zero-shot, finetune: gradients of the model, AdamW on the head"
    return {
        "small_model": (about, inputs, outputs),
        "modes": ("run_llama.py in its three modes", {"modes": np.int64(1)}, {}),
    }


def is_clear(tokens: Array, new: int, w: Arrays, real: Array) -> bool:
    """Whether each of the `new` tokens was the best by more than rounding can turn over."""
    real = np.concatenate((real, np.ones((len(real), new), bool)), axis=1)
    best = np.sort(reference.llama(tokens, w, TINY, real)[0][:, -new - 1 : -1], axis=-1)
    return bool((best[..., -1] - best[..., -2]).min() > 2e-3)


def prompts(
    rng: np.random.Generator, labels: list[list[int]], B: int, T: int, real: Array | None
) -> Arrays:
    """Prompts that end in the space that a label swallows, all but the last."""
    tokens = rng.integers(15, TINY.vocab_size, (B, T))
    kept = np.ones((B, T), bool) if real is None else real
    for row in range(B - 1):
        tokens[row, np.flatnonzero(kept[row])[-1]] = 4
    inputs: Arrays = {"tokens": tokens, "loose_end": np.array([4]), "labels": np.int64(len(labels))}
    inputs |= {f"label.{i}": np.array(pieces) for i, pieces in enumerate(labels)}
    return inputs if real is None else inputs | {"real": real}


def normal(rng: np.random.Generator, *shape: int) -> Array:
    return rng.standard_normal(shape, dtype=np.float32)


def padding(B: int, T: int) -> Array:
    """Row 0 is padded by two on the left, row 1 by three on the right."""
    real = np.ones((B, T), bool)
    real[0, :2], real[1, -3:] = False, False
    return real


def wide(arrays: Arrays) -> Arrays:
    """The numbers in float64, everything else as it is."""
    return {n: x.astype(np.float64) if x.dtype == np.float32 else x for n, x in arrays.items()}


def shapes() -> dict[str, tuple[int, ...]]:
    """The parameters of the tiny model, in its own order."""
    C, F, V = TINY.dim, TINY.hidden_dim or 0, TINY.vocab_size
    grouped = C // TINY.n_heads * TINY.n_kv_heads
    layer = {
        "attention.compute_query.weight": (C, C),
        "attention.compute_key.weight": (grouped, C),
        "attention.compute_value.weight": (grouped, C),
        "attention.compute_output.weight": (C, C),
        "feed_forward.w1.weight": (F, C),
        "feed_forward.w2.weight": (C, F),
        "feed_forward.w3.weight": (F, C),
        "attention_norm.weight": (C,),
        "ffn_norm.weight": (C,),
    }
    all_shapes: dict[str, tuple[int, ...]] = {"tok_embeddings.weight": (V, C)}
    for index in range(TINY.n_layers):
        all_shapes |= {f"layers.{index}.{name}": shape for name, shape in layer.items()}
    return all_shapes | {"norm.weight": (C,)}


def tiny_weights(rng: np.random.Generator) -> Arrays:
    """Weights large enough for every part to matter: with the usual 0.02 most mistakes hide."""
    return {
        name: (1 + 0.3 * normal(rng, *shape)).astype(np.float32)
        if len(shape) == 1
        else normal(rng, *shape) * np.float32(1.5 / np.sqrt(shape[1]))
        for name, shape in shapes().items()
    }


RECIPES: dict[str, Callable[[np.random.Generator], dict[str, Recorded]]] = {
    "rope": rope_cases,
    "rmsnorm": rmsnorm_cases,
    "attention": attention_cases,
    "swiglu": swiglu_cases,
    "layer": layer_cases,
    "sampling": sampling_cases,
    "adamw": adamw_cases,
    "zero_shot": zero_shot_cases,
    "embedding": embedding_cases,
    "stack": stack_cases,
    "end_to_end": end_to_end_cases,
}


def draw(task: str, rng: np.random.Generator, hidden: bool = False) -> list[Case]:
    """The cases of a task, with new random inputs."""
    return [
        Case(task, name, about, as_arrays(inputs), as_arrays(outputs), {}, hidden)
        for name, (about, inputs, outputs) in RECIPES[task](rng).items()
    ]


def as_arrays(values: Arrays) -> dict[str, Array]:
    return {name: np.asarray(value) for name, value in values.items()}


def hidden_cases(task: str, secret: bytes, submission: str) -> list[Case]:
    """Cases that nobody has seen, and that the same secret and submission bring back."""
    digest = hashlib.sha256(b"\0".join((secret, submission.encode(), task.encode()))).digest()
    return draw(task, np.random.default_rng(list(digest)), hidden=True)
