"""Cases of the two classifiers, on a stand-in for the model inside."""

from __future__ import annotations

import numpy as np

from assignment.arrays import Array
from assignment.cases import TINY
from assignment.grading import reference
from assignment.grading.recipes.drawing import Arrays, Recorded, normal, padding, prompts, wide


def zero_shot_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(
        about: str, labels: list[list[int]], real: Array | None = None, training: bool = False
    ) -> Recorded:
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
        inputs["training" if training else "no_grad"] = np.True_
        return about, inputs, {"log_probabilities": np.array(scores)}

    several = [[9], [10, 11], [12, 13, 14]]
    real = padding(3, 8)
    real[0, :3] = False
    return {
        "pieces": case("labels of one, two and three pieces", several),
        "padded": case("a batch with padding on the left and on the right", several, real),
        "single": case("labels of one piece, in train mode", [[9], [10]], training=True),
    }


def embedding_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, real: Array | None = None, mode: str = "no_grad") -> Recorded:
        inputs: Arrays = {"embeddings": normal(rng, TINY.vocab_size, TINY.dim), mode: np.True_}
        inputs["tokens"] = rng.integers(0, TINY.vocab_size, (3, 7))
        inputs |= {"head.weight": normal(rng, 5, TINY.dim), "head.bias": normal(rng, 5)}
        if real is not None:
            inputs["real"] = real
        logits = last_states(inputs) @ inputs["head.weight"].astype(np.float64).T
        logits += inputs["head.bias"]
        expected = {"log_probabilities": np.log(reference.softmax(logits))}
        return about, inputs, expected | {"calls_differ": np.int64(0)}

    training: Arrays = {"embeddings": normal(rng, TINY.vocab_size, TINY.dim)}
    training |= {"tokens": rng.integers(0, TINY.vocab_size, (64, 7)), "dropout": np.float32(0.3)}
    return {
        "padded": case("padding on the right and on the left", padding(3, 7)[[1, 0, 2]]),
        "ids_alone": case("without a mask every position is real", mode="with_gradients"),
        "training": (
            "train mode: the dropout takes a share of the state, and the rest grows",
            training,
            {
                "share_dropped": np.float64(0.3),
                "kept": last_states(training),
                "beside_the_mean": np.zeros(64),
            },
        ),
    }


def last_states(inputs: Arrays) -> Array:
    """(B, C) states of the stand-in model after each text."""
    tokens = inputs["tokens"]
    kept = inputs.get("real", np.ones(tokens.shape, bool))
    embeddings = wide(inputs)["embeddings"]
    return np.stack(
        [
            reference.standin_llama(row[keep], embeddings)[1]
            for row, keep in zip(tokens, kept, strict=True)
        ]
    )
