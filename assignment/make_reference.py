"""Compute what the checks compare with: `python -m assignment.make_reference`.

Inputs are random float32 numbers from a fixed seed. What should come of them is computed by
`assignment/reference.py` in float64; what comes of them with each classic mistake, by the model
itself in float64 with that mistake put in. The result, `data/sanity_check.npz`, is committed, and
running this again gives the same file.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np
import torch

from assignment import reference
from assignment.checks import CASES, TINY, Case, equal, run
from assignment.mutation import Mutant, applied, mutants, tasks
from assignment.reference import Array
from llama import Llama
from support.files import atomic_path

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
            normal(rng, 2, 3, 4, 6), normal(rng, 2, 3, 2, 6), positions=np.arange(11, 14),
        ),
        "padded": case(
            "positions (B, T), another for each row",
            normal(rng, 3, 5, 4, 6), normal(rng, 3, 5, 2, 6), positions=left_padded,
        ),
        "published": case("the course's own example", 2 * ones, 3 * ones),
    }  # fmt: skip


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
        wide = {name: x.astype(np.float64) for name, x in inputs.items() if name != "mask"}
        output = reference.attention(
            wide["query"], wide["key"], wide["value"], mask, wide.get("keep")
        )
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
        shapes = torch_shapes("layers.0.")
        inputs = {"x": normal(rng, 2, 7, TINY.dim), **weights(rng, shapes)}
        wide = {name: x.astype(np.float64) for name, x in inputs.items()}
        stream = reference.layer(wide["x"], wide, TINY, real)
        if real is not None:
            inputs["real"], stream = real, stream * real[..., None]
        return about, inputs, {"stream": stream}

    return {
        "causal": case("random weights, norms included"),
        "padded": case("a batch with padding on the left and on the right", padding(2, 7)),
    }


def llama_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, real: Array | None = None) -> Recorded:
        inputs = tiny_weights(rng) | {"tokens": rng.integers(0, TINY.vocab_size, (2, 7))}
        logits, hidden = reference.llama(inputs["tokens"], inputs, TINY, real)
        last = np.array([6, 6])
        if real is not None:
            inputs["real"] = real
            logits, hidden = logits * real[..., None], hidden * real[..., None]
            last = 6 - real[:, ::-1].argmax(axis=1)
        outputs = {"hidden_states": hidden, "logits": logits}
        return about, inputs, outputs | {"last_logits": logits[[0, 1], last][:, None]}

    return {
        "causal": case("the whole stack"),
        "padded": case("a batch with padding on the left and on the right", padding(2, 7)),
    }


def generate_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    inputs = tiny_weights(rng) | {"tokens": rng.integers(0, TINY.vocab_size, (2, 5))}
    text, new = inputs["tokens"], 12
    for _ in range(new):
        logits, _ = reference.llama(text, inputs, TINY)
        text = np.concatenate((text, logits[:, -1].argmax(axis=-1)[:, None]), axis=1)
    inputs["new"] = np.int64(new)
    return {"greedy": ("the most likely token, twelve times", inputs, {"tokens": text})}


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
        "cool": case("temperature 0.5 sharpens", 0.5),
        "hot": case("temperature 2 flattens", 2.0),
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
            "two groups with settings of their own", 4,
            (0.1, 0.9, 0.999, 1e-3, 0.2, True), (0.02, 0.7, 0.9, 1e-6, 0.0, True),
        ),
        "uncorrected": case("without bias correction", 3, (0.3, 0.9, 0.99, 1e-6, 0.5, False)),
    }  # fmt: skip


def zero_shot_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, labels: list[list[int]], real: Array | None = None) -> Recorded:
        inputs = tiny_weights(rng) | {"tokens": rng.integers(5, TINY.vocab_size, (3, 8))}
        kept = np.ones((3, 8), bool) if real is None else real
        loose_end = np.array([4])
        rows = []
        for row in range(3):
            places = np.flatnonzero(kept[row])
            if row < 2:  # the third prompt does not end in the space
                inputs["tokens"][row, places[-1]] = loose_end[0]
                places = places[:-1]
            prompt = inputs["tokens"][row, places]
            rows.append(
                [reference.label_log_probability(prompt, np.array(p), inputs, TINY) for p in labels]
            )
        if real is not None:
            inputs["real"] = real
        inputs |= {"loose_end": loose_end, "labels": np.int64(len(labels))}
        inputs |= {f"label.{i}": np.array(pieces) for i, pieces in enumerate(labels)}
        return about, inputs, {"log_probabilities": np.array(rows)}

    several = [[9], [10, 11], [12, 13, 14]]
    real = np.ones((3, 8), bool)
    real[0, :3], real[1, 5:] = False, False
    return {
        "pieces": case("labels of one, two and three pieces", several),
        "padded": case("a batch with padding on the left and on the right", several, real),
        "single": case("labels of one piece", [[9], [10]]),
    }


def embedding_cases(rng: np.random.Generator) -> dict[str, Recorded]:
    def case(about: str, real: Array | None = None, dropout: bool = False) -> Recorded:
        inputs = tiny_weights(rng) | {"tokens": rng.integers(0, TINY.vocab_size, (3, 7))}
        inputs |= {"head.weight": normal(rng, 5, TINY.dim), "head.bias": normal(rng, 5)}
        _, hidden = reference.llama(inputs["tokens"], inputs, TINY, real)
        last = np.full(3, 6)
        if real is not None:
            inputs["real"], last = real, 6 - real[:, ::-1].argmax(axis=1)
        state = hidden[np.arange(3), last]
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


def normal(rng: np.random.Generator, *shape: int) -> Array:
    return rng.standard_normal(shape, dtype=np.float32)


def padding(B: int, T: int) -> Array:
    """Row 0 is padded by two on the left, row 1 by three on the right."""
    real = np.ones((B, T), bool)
    real[0, :2], real[1, -3:] = False, False
    return real


def torch_shapes(start: str = "") -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        named = Llama(TINY).named_parameters()
    return {n.removeprefix(start): tuple(p.shape) for n, p in named if n.startswith(start)}


def weights(rng: np.random.Generator, shapes: dict[str, tuple[int, ...]]) -> Arrays:
    """Weights large enough for every part to matter: with the usual 0.02 most mistakes hide."""
    return {
        name: (1 + 0.3 * normal(rng, *shape)).astype(np.float32)
        if len(shape) == 1
        else normal(rng, *shape) * np.float32(1.5 / np.sqrt(shape[1]))
        for name, shape in shapes.items()
    }


def tiny_weights(rng: np.random.Generator) -> Arrays:
    return weights(rng, torch_shapes())


def record_mistake(case: Case, mutant: Mutant) -> Arrays:
    """What a mutant makes of a case; nothing where it crashes or comes out right."""
    with applied(mutant):
        torch.manual_seed(0)
        try:
            outputs = run(case, torch.float64)
        except Exception:
            return {}
    if all(equal(outputs[n], expected, case.tolerance) for n, expected in case.expected.items()):
        return {}
    narrow = {torch.float64: torch.float32}  # enough to recognise it, and half the size
    return {n: x.to(narrow.get(x.dtype, x.dtype)).numpy() for n, x in outputs.items()}


def build() -> Arrays:
    """All arrays of the file, by name."""
    recipes = {
        "rope": rope_cases,
        "rmsnorm": rmsnorm_cases,
        "attention": attention_cases,
        "swiglu": swiglu_cases,
        "layer": layer_cases,
        "llama": llama_cases,
        "sampling": sampling_cases,
        "generate": generate_cases,
        "adamw": adamw_cases,
        "zero_shot": zero_shot_cases,
        "embedding": embedding_cases,
    }
    arrays: Arrays = {}
    cases: dict[str, str] = {}
    mistakes: dict[str, dict[str, str]] = {}
    for number, (task, recipe) in enumerate(recipes.items()):
        wrong_versions = mutants(task) if task in tasks() else []
        mistakes[task] = {mutant.name: mutant.mistake for mutant in wrong_versions}
        for name, (about, inputs, outputs) in recipe(np.random.default_rng([2026, number])).items():
            cases[f"{task}/{name}"] = about
            case = Case(task, name, about, to_torch(inputs), to_torch(outputs), {})
            arrays |= {f"{case}/input/{n}": x for n, x in inputs.items()}
            arrays |= {f"{case}/expected/{n}": x for n, x in outputs.items()}
            for mutant in wrong_versions:
                wrong = record_mistake(case, mutant)
                arrays |= {f"{case}/mistake/{mutant.name}/{n}": x for n, x in wrong.items()}
    about_all = json.dumps({"cases": cases, "mistakes": mistakes}, ensure_ascii=False)
    return {"about": np.array(about_all), **arrays}


def to_torch(arrays: Arrays) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(np.asarray(array)) for name, array in arrays.items()}


def main() -> None:
    arrays = build()
    with atomic_path(CASES) as temporary, zipfile.ZipFile(temporary, "w") as file:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.save(buffer, array, allow_pickle=False)
            # np.savez would stamp the time of day, and no two files would be alike.
            member = zipfile.ZipInfo(f"{name}.npy", date_time=(2026, 1, 1, 0, 0, 0))
            file.writestr(member, buffer.getvalue(), zipfile.ZIP_DEFLATED)
    print(f"wrote {len(arrays)} arrays to {CASES} ({CASES.stat().st_size / 1e3:.0f} kB)")


if __name__ == "__main__":
    main()
