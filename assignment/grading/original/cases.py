"""What the functions of the original course are fed, and what has to come of it.

Where the two courses ask for the same, the cases are ours, recorded and hidden, and so are the
mistakes that they can name. The others are drawn here, from the secret.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from assignment.arrays import Array, Arrays
from assignment.cases import STAGE, TINY, Case, load_cases
from assignment.grading import reference
from assignment.grading.original.form import Form
from assignment.grading.recipes import as_arrays, hidden_cases
from assignment.grading.recipes.drawing import normal, wide
from assignment.grading.recipes.whole import tiny_weights
from config import LlamaConfig

SCRIPTS = (1e-5, 1e-3)  # absolute and relative tolerance of the course's own scripts
WHOLE_MODEL = (5e-5, 1e-3)  # as its sanity check, with room for the larger numbers of our weights
SHARES, FILTERED = (0.095, 0.0), (0.15, 0.0)  # six standard deviations of a thousand draws
MARGIN = 2e-3  # by which the best token must lead, so that rounding turns nothing over
DECAYS_FIRST = "decays before the update, as torch does, not after it as the course says"
ALWAYS_CORRECTS = "does not know correct_bias=False, which the course never sets"
SETTINGS = ("lr", "beta1", "beta2", "eps", "weight_decay")
FIRST_PIECE = 4  # ids below are special; learners may take one of them for padding


@dataclass(frozen=True)
class Contract:
    """What is asked for: the mask as a teacher says, the rest as a submission's year has it."""

    causal: bool
    form: Form

    @property
    def config(self) -> LlamaConfig:
        """The tiny model; its base is the one that the course's attention does not choose."""
        return replace(TINY, causal=self.causal, rope_theta=10000.0)


def cases(task: str, contract: Contract, secret: bytes, submission: str) -> list[Case]:
    """All cases of a task: ours, recorded ones first, and the course's own."""
    ours = [*load_cases(task), *hidden_cases(task, secret, submission)]
    taken = [adapted for case in ours if (adapted := ADAPTED[task](case, contract)) is not None]
    key = b"\0".join((b"original", secret, submission.encode(), task.encode()))
    rng = np.random.default_rng(list(hashlib.sha256(key).digest()))
    drawn = DRAWN[task](rng, contract) if task in DRAWN else []
    return [*taken, *(replace(case, hidden=True) for case in drawn)]


def only(case: Case, *outputs: str) -> Case:
    """Without what else we ask of our own learners."""
    return replace(case, expected={name: case.expected[name] for name in outputs})


def adapt_layer(case: Case, contract: Contract) -> Case | None:
    """Without padding, which this course has none of."""
    return None if "real" in case.inputs else only(case, "stream")


def adapt_rope(case: Case, contract: Contract) -> Case | None:
    """The course never gives a base, so whether it is used is for a human to judge."""
    if "positions" in case.inputs or "types" in case.inputs:
        return None
    positions = np.arange(case.inputs["query"].shape[1])
    usual = {
        name: reference.rope(case.inputs[name].astype(np.float64), positions, 10000.0)
        for name in ("query", "key")
    }
    remark = "ignores theta, which the course never sets"
    return replace(only(case, "query", "key"), others=((remark, usual),))


def nothing_of_ours(case: Case, contract: Contract) -> Case | None:
    return None


def adapt_norm(case: Case, contract: Contract) -> Case:
    """The layer's result, with a weight of 3, is as good as that of the function within it."""
    expected = case.expected["normalised"]
    if contract.form.layer_norm:
        x, eps = case.inputs["x"].astype(np.float64), float(case.inputs["eps"])
        wrong = {"subtracts no mean, as RMSNorm does": {"normalised": expected}}
        expected = reference.layernorm(x, eps)
        inputs = {**case.inputs, "layer_norm": np.array(1)}
        # As good as hidden: what is on record are mistakes in RMSNorm.
        case = replace(case, inputs=inputs, wrong=wrong, hidden=True)
    others = (("", {"forwarded": 3 * expected}),)
    return replace(case, expected={"normalised": expected}, others=others)


def adapt_attention(case: Case, contract: Contract) -> Case | None:
    """Our case with the contract's mask, which is not handed over here."""
    if case.name != ("causal" if contract.causal else "unmasked"):
        return None
    inputs = {name: case.inputs[name] for name in ("query", "key", "value")}
    about = "every token sees itself and those before" if contract.causal else case.about
    return replace(
        only(case, "attended", "calls_differ"),
        about=about,
        inputs=inputs,
        others=(("", {"forwarded": joined(case.expected["attended"])}),),
        wrong=the_other_contract(inputs, contract),
    )


def the_other_contract(inputs: Arrays, contract: Contract) -> dict[str, Arrays]:
    """What comes of attention with the mask of the contract that it was not graded by."""
    name = "bidirectional" if contract.causal else "causal"
    what = "with no mask" if contract.causal else "its mask hides later tokens"
    return {f"fits --contract {name} ({what})": {"attended": attended(inputs, not contract.causal)}}


def attended(inputs: Arrays, causal: bool) -> Array:
    w = wide({name: inputs[name] for name in ("query", "key", "value")})
    mask = np.tri(w["query"].shape[2], dtype=bool) if causal else None
    return reference.attention(w["query"], w["key"], w["value"], mask)


def joined(heads: Array) -> Array:
    """(B, H, T, D) as the layer has it: (B, T, H D)."""
    B, H, T, D = heads.shape
    return heads.transpose(0, 2, 1, 3).reshape(B, T, H * D)


def dropout_cases(rng: np.random.Generator, contract: Contract) -> list[Case]:
    """Dropout of weights that sum to one leaves the average as it is; whichever way it is called.

    The causal course does not ask for it.
    """
    inputs = {"query": normal(rng, 1, 4, 3, 6) * 2, "key": normal(rng, 1, 4, 3, 6)}
    inputs |= {"value": normal(rng, 1, 4, 3, 6) / 2, "drops": np.array(1)}
    result = attended(inputs, contract.causal)

    def outputs(name: str, average: Array, differ: int) -> Arrays:
        return {f"{name}_on_average": average, f"{name}_copies_differ": np.array(differ)}

    right = [
        outputs(name, average, differ)
        for differ in ((1, 0) if contract.causal else (1,))
        for name, average in (("attended", result[0]), ("forwarded", joined(result)[0]))
    ]
    return [
        Case(
            "attention",
            "dropout",
            "train mode: weights are dropped, and the average over many draws stays",
            inputs,
            right[0],
            others=tuple(("", outputs) for outputs in right[1:]),
            wrong={"drops none of the attention weights": outputs("attended", result[0], 0)},
            within=(0.08, 0.0),
        )
    ]


def adapt_sampling(case: Case, contract: Contract) -> Case | None:
    """Without what only a generator of one's own can show."""
    if case.name == "tail":
        return None  # it takes more draws
    outputs = ("tokens", "calls_differ") if "tokens" in case.expected else ("shares",)
    expected = {**only(case, *outputs).expected, "one_by_one": np.array(0)}
    return replace(case, expected=expected, others=alone(expected), within=SHARES)


def alone(expected: Arrays) -> tuple[tuple[str, Arrays], ...]:
    """Right for a single text is right; the course has no batch to generate for."""
    remark = "`generate` works for a single text only"
    return ((remark, {**expected, "one_by_one": np.array(1)}),)


def filter_cases(rng: np.random.Generator, contract: Contract) -> list[Case]:
    """A filter of `generate`: what is surely kept has its shares, what is surely out has none.

    Whether the token that crosses `top_p` is still in has changed with the years.
    """
    return [filter_case(rng, name) for name in contract.form.filters]


def filter_case(rng: np.random.Generator, name: str) -> Case:
    limit = {"top_p": 0.6, "epsilon": 0.1}[name]
    while True:
        logits = normal(rng, 3, 7)
        p = reference.softmax(logits.astype(np.float64), 0.8)
        if name == "epsilon":
            kept, out, nearest = p >= limit, p < limit, np.abs(p - limit).min()
        else:
            order = np.argsort(-p, axis=-1)
            before = np.cumsum(np.take_along_axis(p, order, axis=-1), axis=-1)
            nearest = np.abs(before - limit).min()
            size = (before < limit).sum(axis=-1, keepdims=True)  # without the one that crosses
            rank = np.argsort(order, axis=-1)
            kept, out = rank < np.maximum(size, 1), rank > size
        if nearest > 0.01 and ((p * out).sum(axis=-1) > 0.25).all():
            break
    inputs = {"logits": logits, "temperature": np.float32(0.8), name: np.float32(limit)}
    inputs |= {"kept": kept.astype(np.float32), "filtered": out.astype(np.float32)}
    shares = p * kept / (p * kept).sum(axis=-1, keepdims=True)
    expected = {"kept": shares, "outside": np.zeros(3), "one_by_one": np.array(0)}
    about = f"{name}={limit} leaves out what is less likely, and only that"
    return Case(
        "sampling", name, about, as_arrays(inputs), expected, others=alone(expected),
        within=FILTERED,
    )  # fmt: skip


def adapt_adamw(case: Case, contract: Contract) -> Case | None:
    """Its arithmetic; what stands around it (closures, sparse gradients) is given there."""
    if case.name not in ("decay", "groups", "uncorrected"):
        return None
    outputs = [name for name in case.expected if name.startswith("parameters.")]
    return replace(only(case, *outputs), others=other_adamws(case.inputs))


def other_adamws(inputs: Arrays, max_norm: float | None = None) -> tuple[tuple[str, Arrays], ...]:
    """What passes as well, since nothing in the course can tell it from what is asked for."""
    forms = [(textbook, first) for first in (False, True) for textbook in (False, True)]
    found = [
        (
            DECAYS_FIRST * first,
            adamw_outputs(inputs, max_norm, textbook=textbook, decay_first=first),
        )
        for textbook, first in forms
    ]
    if not inputs["correct_bias"].all():
        always = {**inputs, "correct_bias": np.ones_like(inputs["correct_bias"])}
        found += [
            (
                ALWAYS_CORRECTS,
                adamw_outputs(always, max_norm, textbook=textbook, decay_first=first),
            )
            for textbook, first in forms
        ]
        crashed = {n: np.full_like(x, np.nan) for n, x in inputs.items() if "parameters." in n}
        found.append((ALWAYS_CORRECTS, crashed))
    return tuple(found[1:])


def adamw_outputs(inputs: Arrays, max_norm: float | None = None, **form: bool) -> Arrays:
    """The parameters after the steps of a case; `form` is that of `reference.adamw`."""
    outputs = {}
    for i in range(sum(name.startswith("parameters.") for name in inputs)):  # two to a group
        gradients = inputs[f"gradients.{i}"].astype(np.float64)
        if max_norm is not None:
            norms = np.linalg.norm(gradients, axis=-1, keepdims=True)
            gradients = gradients * np.minimum(1, max_norm / (norms + 1e-6))
        settings: dict[str, Any] = {n: float(inputs[n][i // 2]) for n in SETTINGS}
        path = reference.adamw(
            inputs[f"parameters.{i}"].astype(np.float64),
            list(gradients),
            np.full(len(gradients), settings.pop("lr")),
            **settings,
            correct_bias=bool(inputs["correct_bias"][i // 2]),
            **form,
        )
        outputs[f"parameters.{i}"] = path[-1]
    return outputs


def adamw_cases(rng: np.random.Generator, contract: Contract) -> list[Case]:
    """The course's own test on other numbers, and clipping where its year has that."""
    inputs: dict[str, Array] = {"weight": normal(rng, 2, 3) / 2}
    x = inputs["inputs"] = rng.random((1000, 3), np.float32)
    inputs["targets"] = np.stack([x[:, 0] + x[:, 1], -x[:, 2]], axis=1)
    wrong: dict[str, Arrays] = {}
    if contract.form.clips:
        wrong["does not clip"] = {"weight": regression(wide(inputs))}
        inputs["max_grad_norm"] = np.array(0.9, np.float32)
    about = "as optimizer_test.py: a thousand steps of a regression"
    expected = {"weight": regression(wide(inputs))}
    test = Case("adamw", "thousand_steps", about, inputs, expected, wrong=wrong, within=SCRIPTS)
    return [test, clipping_case(rng)] if contract.form.clips else [test]


def regression(given: Arrays) -> Array:
    """The weight after a step of AdamW for each row, with the gradient written out."""
    w, max_norm = given["weight"], given.get("max_grad_norm")
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t, (x, y) in enumerate(zip(given["inputs"], given["targets"], strict=True), start=1):
        g = np.outer(2 * (w @ x - y), x)
        if max_norm is not None:
            g = g * min(1.0, float(max_norm) / (np.linalg.norm(g) + 1e-6))
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        rate = 1e-3 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        w = w - rate * m / (np.sqrt(v) + 1e-6)
        w = w - 1e-3 * 1e-4 * w
    return w


def clipping_case(rng: np.random.Generator) -> Case:
    settings = dict(zip(SETTINGS, (0.1, 0.9, 0.99, 1e-3, 0.2), strict=True))
    inputs = {name: np.array([value], np.float32) for name, value in settings.items()}
    scales = np.array([[3.0], [0.05], [1.0], [0.2]], np.float32)  # above the norm, and below
    inputs |= {"correct_bias": np.array([1.0], np.float32), "parameters.0": normal(rng, 7)}
    inputs |= {
        "gradients.0": normal(rng, 4, 7) * scales,
        "max_grad_norm": np.array(0.9, np.float32),
    }
    expected = adamw_outputs(inputs, 0.9)
    wrong = {
        "does not clip": adamw_outputs(inputs),
        "does not clip, and corrects both moments": adamw_outputs(inputs, textbook=True),
    }
    about = "gradients of a norm above max_grad_norm, and below"
    others = other_adamws(inputs, 0.9)
    return Case("adamw", "clipping", about, inputs, expected, others=others, wrong=wrong)


def embedding_cases(rng: np.random.Generator, contract: Contract) -> list[Case]:
    """The state after the last token; there is no mask, and no token is padding."""

    def case(name: str, about: str, dropout: bool) -> Case:
        inputs = {"embeddings": normal(rng, TINY.vocab_size, TINY.dim)}
        inputs["tokens"] = rng.integers(FIRST_PIECE, TINY.vocab_size, (3, 7))
        inputs |= {"head.weight": normal(rng, 5, TINY.dim) / 2, "head.bias": normal(rng, 5)}
        keep = np.ones((3, TINY.dim), np.float32)
        if dropout:
            keep = np.where(rng.random(keep.shape) < 0.5, np.float32(0), np.float32(2))
            inputs["keep"] = keep
        w = wide(inputs)
        states = np.array(
            [
                [reference.standin_llama(row[: t + 1], w["embeddings"])[1] for t in range(len(row))]
                for row in inputs["tokens"]
            ]
        )

        def read(state: Array) -> Array:
            return state * keep @ w["head.weight"].T + w["head.bias"]

        logits = read(states[:, -1])
        right = np.log(reference.softmax(logits))
        mistakes = {
            "reads the state of the first token": np.log(reference.softmax(read(states[:, 0]))),
            "averages over all tokens": np.log(reference.softmax(read(states.mean(axis=1)))),
            "returns logits": logits,
            "returns probabilities": reference.softmax(logits),
        }
        if dropout:
            plain = states[:, -1] @ w["head.weight"].T + w["head.bias"]
            mistakes["applies no dropout"] = np.log(reference.softmax(plain))
        wrong = {n: {"log_probabilities": x} for n, x in mistakes.items()}
        return Case("embedding", name, about, inputs, {"log_probabilities": right}, wrong=wrong)

    return [
        case("last", "the state after the last token decides", dropout=False),
        case("dropout", "train mode, with a recorded dropout", dropout=True),
    ]


def weights(rng: np.random.Generator, contract: Contract) -> dict[str, Array]:
    """Those of the tiny model; with biases where norms have them."""
    found: dict[str, Array] = dict(tiny_weights(rng))
    if contract.form.layer_norm:
        found |= {bias_of(n): 0.3 * normal(rng, len(found[n])) for n in list(found) if is_norm(n)}
    return found


def is_norm(name: str) -> bool:
    return name.endswith("norm.weight")


def bias_of(name: str) -> str:
    return name.removesuffix("weight") + "bias"


def greedy(tokens: Array, new: int, w: Arrays, config: LlamaConfig) -> Array | None:
    """(B, T) tokens and `new` more; None where rounding could turn one of them over."""
    for _ in range(new):
        logits = reference.llama(tokens, w, config)[0][:, -1]
        best = np.sort(logits, axis=-1)
        if (best[:, -1] - best[:, -2]).min() < MARGIN:
            return None
        tokens = np.concatenate((tokens, logits.argmax(axis=-1)[:, None]), axis=1)
    return tokens


def stack_cases(rng: np.random.Generator, contract: Contract) -> list[Case]:
    """As sanity_check.py: states and logits of the whole model; and the text that it writes."""
    config = contract.config
    inputs = weights(rng, contract) | {"tokens": rng.integers(0, TINY.vocab_size, (2, 7))}
    stages: dict[str, Array] = {}
    logits, hidden = reference.llama(inputs["tokens"], inputs, config, stages=stages)
    expected = {STAGE + name: x for name, x in stages.items()}
    expected |= {"hidden_states": hidden, "logits": logits, "last_logits": logits[:, [-1]]}
    whole = Case("stack", "whole", "as sanity_check.py", inputs, expected, within=WHOLE_MODEL)
    new, tokens = 12, None
    while tokens is None:
        inputs = weights(rng, contract) | {"tokens": rng.integers(0, TINY.vocab_size, (2, 5))}
        tokens = greedy(inputs["tokens"], new, inputs, config)
    about = "the most likely token, twelve times"
    asked = inputs | {"new": np.array(new)}
    return [whole, Case("stack", "greedy", about, asked, {"tokens": tokens})]


def end_to_end_cases(rng: np.random.Generator, contract: Contract) -> list[Case]:
    """Exactly on a small model; and what run_llama.py does, which has to get through."""
    config, new, generated = contract.config, 6, None
    while generated is None:
        inputs = weights(rng, contract)
        inputs["tokens"] = rng.integers(FIRST_PIECE, TINY.vocab_size, (3, 8))
        generated = greedy(inputs["tokens"], new, inputs, config)
    inputs["labels_of_rows"] = np.array([0, 2, 1])
    inputs["head.weight"] = normal(rng, 3, TINY.dim)
    for name in [n for n in inputs if n.split(".")[0] in ("tok_embeddings", "layers", "norm")]:
        direction = normal(rng, *inputs[name].shape)
        inputs[f"direction.{name}"] = direction / np.float32(np.sqrt(direction.size))
    inputs |= {"new": np.array(new), "steps": np.array(5)}
    real = {"real": np.ones((3, 8), bool)}
    right = {"generated": generated, **reference.finetune(inputs | real, config)}
    h = reference.llama(inputs["tokens"], inputs, config)[1][:, -1]
    fixed = h, inputs["head.weight"].astype(np.float64), inputs["labels_of_rows"], 5
    others = [
        right
        | {"finetuned": reference.finetuned_head(*fixed, textbook=textbook, decay_first=first)}
        for textbook, first in ((True, False), (False, True), (True, True))
    ]
    about = "generate; finetune: gradients of the model, AdamW on the head"
    small = Case(
        "end_to_end",
        "small_model",
        about,
        inputs,
        right,
        others=tuple(("", other) for other in others),
        within=WHOLE_MODEL,
    )
    done = {"new_tokens": [8, 8], "prompted": [4, 2], "finetuned": [4, 2], "finite": 1}
    about = "as run_llama.py: generate, prompt and finetune, from a checkpoint's file"
    return [small, Case("end_to_end", "scripts", about, {"scripts": np.array(1)}, as_arrays(done))]


ADAPTED: Mapping[str, Callable[[Case, Contract], Case | None]] = {
    "rope": adapt_rope,
    "rmsnorm": adapt_norm,
    "attention": adapt_attention,
    "layer": adapt_layer,
    "sampling": adapt_sampling,
    "adamw": adapt_adamw,
    "embedding": nothing_of_ours,
    "stack": nothing_of_ours,
    "end_to_end": nothing_of_ours,
}
DRAWN: Mapping[str, Callable[[np.random.Generator, Contract], list[Case]]] = {
    "attention": dropout_cases,
    "sampling": filter_cases,
    "adamw": adamw_cases,
    "embedding": embedding_cases,
    "stack": stack_cases,
    "end_to_end": end_to_end_cases,
}
