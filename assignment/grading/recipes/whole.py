"""Cases of the whole model: the stack, stage by stage, and the three modes."""

from __future__ import annotations

import numpy as np

from assignment.arrays import Array
from assignment.cases import STAGE, TINY
from assignment.grading import reference
from assignment.grading.recipes.drawing import Arrays, Recorded, normal, padding, prompts


def stack_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, real: Array | None = None) -> Recorded:
        inputs = tiny_weights(rng) | {"tokens": rng.integers(0, TINY.vocab_size, (2, 7))}
        stages: dict[str, Array] = {}
        logits, hidden = reference.llama(inputs["tokens"], inputs, TINY, real, stages)
        last = np.array([6, 6])
        inputs["no_grad" if real is None else "training"] = np.True_
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
