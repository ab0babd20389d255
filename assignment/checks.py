"""Checks of what a learner writes: recorded inputs, expected outputs, and what probably went wrong.

`data/sanity_check.npz` holds the cases. `assignment/make_reference.py` computed their outputs in
float64, and beside them those of the classic mistakes (`mutants/`), so that a wrong output that
equals one of these can be named. `rope_test.py`, `optimizer_test.py` and
`sanity_check.py` run the cases.
"""

from __future__ import annotations

import functools
import json
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

import classifier
import llama
import rope
import sampling
from base_llama import attention_context
from config import LlamaConfig
from optimizer import AdamW
from tokenizer import TextTokenizer

CASES = Path(__file__).parent.parent / "data" / "sanity_check.npz"
Tensors = Mapping[str, Tensor]

# Small, and no two sizes alike: B, T, H, KV, D, C, F and V cannot be mistaken for one another.
TINY = LlamaConfig(
    vocab_size=61, dim=24, n_layers=2, n_heads=4, n_kv_heads=2, max_seq_len=32, hidden_dim=40,
    rope_theta=500.0, layer_norm_eps=1e-3,
)  # fmt: skip
DRAWS = 40_000  # of the next token: a share is known to about 0.0025

# Float32 rounding leaves errors below a tenth of these, every mistake on record leaves more than
# ten times as much; tests/test_checks.py holds that gap open.
ATOL, RTOL = 2e-5, 2e-4
ATOL_OF_SHARES = 0.015  # six standard deviations


@dataclass(frozen=True)
class Case:
    """One input of one task, and what comes of it."""

    task: str
    name: str
    about: str  # what the case is there for
    inputs: Tensors
    expected: Tensors
    mistakes: Mapping[str, Tensors]  # what is wrong -> what comes of it then

    def __str__(self) -> str:
        return f"{self.task}/{self.name}"

    @property
    def tolerance(self) -> tuple[float, float]:
        """Absolute and relative tolerance."""
        return (ATOL_OF_SHARES, 0.0) if "shares" in self.expected else (ATOL, RTOL)


class RecordedDropout(nn.Dropout):
    """Dropout whose choice is given, so that its result can be compared."""

    def __init__(self, keep: Tensor) -> None:
        super().__init__(p=0.5)
        self.keep = keep  # 0 where dropped, 1 / (1 - p) where kept

    def forward(self, x: Tensor) -> Tensor:
        return x * self.keep


def run_rope(given: Tensors) -> dict[str, Tensor]:
    query, key = given["query"], given["key"]
    max_seq_len, theta = int(given["max_seq_len"]), float(given["theta"])
    options = {"positions": given["positions"]} if "positions" in given else {}
    query, key = rope.apply_rotary_emb(
        query, key, query.shape[-1], max_seq_len, theta=theta, **options
    )
    return {"query": query, "key": key}


def run_rmsnorm(given: Tensors) -> dict[str, Tensor]:
    x = given["x"]
    norm = llama.RMSNorm(x.shape[-1], eps=float(given["eps"])).to(x.dtype)
    nn.init.constant_(norm.weight, 3.0)  # which is forward's business
    with torch.no_grad():
        return {"normalised": norm._norm(x)}


def run_attention(given: Tensors) -> dict[str, Tensor]:
    attention = llama.Attention(TINY)
    attention.attn_dropout = nn.Dropout(0.5)
    if "keep" in given:
        attention.attn_dropout = RecordedDropout(given["keep"])
    else:
        attention.eval()
    attended = attention.compute_query_key_value_scores(
        given["query"], given["key"], given["value"], given.get("mask")
    )
    return {"attended": attended}


def run_swiglu(given: Tensors) -> dict[str, Tensor]:
    width = given["w1.weight"].shape
    feed_forward = llama.FeedForward(width[1], width[0], 1, dropout=0.0)
    feed_forward.load_state_dict({n: given[n] for n in feed_forward.state_dict()}, assign=True)
    with torch.no_grad():
        return {"activated": feed_forward.SwiGLU(given["x"])}


def run_layer(given: Tensors) -> dict[str, Tensor]:
    layer = llama.LlamaLayer(0, TINY).eval()
    layer.load_state_dict({n: given[n] for n in layer.state_dict()}, assign=True)
    x, real = given["x"], given.get("real")
    context = attention_context(TINY, x.shape[0], x.shape[1], x.device, real)
    with torch.no_grad():
        return {"stream": _blank_padding(layer(x, context), real)}


def run_llama(given: Tensors) -> dict[str, Tensor]:
    model, real = _tiny_llama(given), given.get("real")
    tokens = given["tokens"]
    with torch.no_grad():
        logits, hidden = model(tokens, targets=tokens, mask=real)
        last, _ = model(tokens, mask=real)
    return {
        "hidden_states": _blank_padding(hidden, real),
        "logits": _blank_padding(logits, real),
        "last_logits": last,
    }


def run_generate(given: Tensors) -> dict[str, Tensor]:
    tokens = given["tokens"]
    return {"tokens": _tiny_llama(given).generate(tokens, int(given["new"]), temperature=0.0)}


def run_sampling(given: Tensors) -> dict[str, Tensor]:
    logits, temperature = given["logits"], float(given["temperature"])
    if temperature == 0:
        return {"tokens": sampling.sample_next(logits, 0.0)}
    B, V = logits.shape

    def draw() -> Tensor:
        generator = torch.Generator().manual_seed(1)
        rows = logits.repeat_interleave(DRAWS, dim=0)
        return sampling.sample_next(rows, temperature, generator).reshape(B, DRAWS)

    drawn = draw()
    shares = torch.stack([torch.bincount(row, minlength=V) / DRAWS for row in drawn])
    return {"shares": shares, "draws_that_differ": (drawn != draw()).sum()}


def run_adamw(given: Tensors) -> dict[str, Tensor]:
    groups, parameters = [], []
    for i in range(len(given["lr"])):
        parameters.append(nn.Parameter(given[f"parameters.{i}"].clone()))
        options = {name: float(given[name][i]) for name in ("lr", "eps", "weight_decay")}
        betas = float(given["beta1"][i]), float(given["beta2"][i])
        correct = bool(given["correct_bias"][i])
        groups.append(
            {"params": [parameters[-1]], "betas": betas, "correct_bias": correct, **options}
        )
    optimizer = AdamW(groups)
    for step in range(len(given["gradients.0"])):
        for i, parameter in enumerate(parameters):
            parameter.grad = given[f"gradients.{i}"][step].clone()
        optimizer.step()
    return {f"parameters.{i}": p.detach() for i, p in enumerate(parameters)}


class ToyTokenizer:
    """Knows one prompt and its labels, and their pieces."""

    def __init__(self, loose_end: list[int], labels: list[list[int]]) -> None:
        self.loose_end, self.labels = loose_end, labels
        self.names = [f"label-{i}" for i in range(len(labels))]

    def encode(self, s: str, bos: bool, eos: bool) -> list[int]:
        ends = [ids for name, ids in zip(self.names, self.labels, strict=True) if s.endswith(name)]
        # Every label is named in the question too, so the longest text is prompt and label.
        continued = not s.endswith(" ")
        return [1, 2] + (ends[0] if continued else self.loose_end)


def run_zero_shot(given: Tensors) -> dict[str, Tensor]:
    labels = [given[f"label.{i}"].tolist() for i in range(int(given["labels"]))]
    tokenizer = ToyTokenizer(given["loose_end"].tolist(), labels)
    config = SimpleNamespace(num_labels=len(labels))
    model = classifier.LlamaZeroShotClassifier(
        config, cast(TextTokenizer, tokenizer), tokenizer.names, _tiny_llama(given)
    )
    with torch.no_grad():
        return {"log_probabilities": model(given["tokens"], given.get("real"))}


def run_embedding(given: Tensors) -> dict[str, Tensor]:
    head = given["head.weight"]
    config = SimpleNamespace(num_labels=len(head), option="finetune", hidden_dropout_prob=0.5)
    model = classifier.LlamaEmbeddingClassifier(config, _tiny_llama(given)).eval()
    model.classifier_head.weight = nn.Parameter(head)
    model.classifier_head.bias = nn.Parameter(given["head.bias"])
    if "keep" in given:
        model.dropout = RecordedDropout(given["keep"])
    with torch.no_grad():
        return {"log_probabilities": model(given["tokens"], given.get("real"))}


def _tiny_llama(given: Tensors) -> llama.Llama:
    model = llama.Llama(TINY).eval()
    weights = {name: given.get(name, given["tok_embeddings.weight"]) for name in model.state_dict()}
    model.load_state_dict(weights, assign=True)
    model.tie_weights()
    return model


def _blank_padding(x: Tensor, real: Tensor | None) -> Tensor:
    return x if real is None else x * real[..., None]


RUNNERS: dict[str, Callable[[Tensors], dict[str, Tensor]]] = {
    "rope": run_rope,
    "rmsnorm": run_rmsnorm,
    "attention": run_attention,
    "swiglu": run_swiglu,
    "layer": run_layer,
    "llama": run_llama,
    "sampling": run_sampling,
    "generate": run_generate,
    "adamw": run_adamw,
    "zero_shot": run_zero_shot,
    "embedding": run_embedding,
}


def run(case: Case, dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
    """Feed a case's inputs, in the given precision, to the code under test."""
    inputs = {
        name: value.to(dtype) if value.is_floating_point() else value.clone()
        for name, value in case.inputs.items()
    }
    return RUNNERS[case.task](inputs)


@functools.cache
def load_cases(task: str) -> tuple[Case, ...]:
    """The recorded cases of a task."""
    with np.load(CASES, allow_pickle=False) as file:
        about = json.loads(str(file["about"]))
        arrays = {
            name: torch.from_numpy(file[name]) for name in file.files if name.startswith(task + "/")
        }
    cases = []
    for name, text in about["cases"].items():
        if not name.startswith(task + "/"):
            continue

        def part(start: str) -> dict[str, Tensor]:
            return {n.removeprefix(start): a for n, a in arrays.items() if n.startswith(start)}

        mistakes = {
            mistake: outputs
            for mutant, mistake in about["mistakes"].get(task, {}).items()
            if (outputs := part(f"{name}/mistake/{mutant}/"))
        }
        inputs, expected = part(f"{name}/input/"), part(f"{name}/expected/")
        cases.append(Case(task, name.removeprefix(task + "/"), text, inputs, expected, mistakes))
    return tuple(cases)


def equal(got: Tensor, expected: Tensor, tolerance: tuple[float, float]) -> bool:
    """Same shape, and every value within the tolerance; NaN equals NaN, as mistakes bring it."""
    atol, rtol = tolerance
    return got.shape == expected.shape and torch.allclose(
        got.double(), expected.double(), atol=atol, rtol=rtol, equal_nan=True
    )


def check(case: Case) -> None:
    """Run a case; raises AssertionError with index, got, expected and likely cause."""
    got = run(case)
    for name, expected in case.expected.items():
        if not equal(got[name], expected, case.tolerance):
            cause = likely_cause(case, got, name)
            difference = describe(got[name], expected, case.tolerance)
            lines = [f"{case}: {name} is wrong ({case.about})", *difference, f"likely: {cause}"]
            raise AssertionError("\n    ".join(lines))


def describe(got: Tensor, expected: Tensor, tolerance: tuple[float, float]) -> list[str]:
    """Say where two tensors differ: the first wrong value, how many are wrong, the worst."""
    if got.shape != expected.shape:
        return [f"got       shape {tuple(got.shape)}", f"expected  shape {tuple(expected.shape)}"]
    atol, rtol = tolerance
    error = (got.double() - expected.double()).abs().nan_to_num(nan=float("inf"))
    wrong = error > atol + rtol * expected.double().abs()
    first = tuple(wrong.nonzero()[0].tolist())
    worst = tuple(int(i) for i in np.unravel_index(int(error.argmax()), error.shape))
    return [
        f"index     {first}",
        f"got       {got[first].item():.7g}",
        f"expected  {expected[first].item():.7g}",
        f"wrong     {int(wrong.sum())} of {wrong.numel()} values; "
        f"the largest error is {error[worst].item():.3g}, at {worst}",
    ]


def likely_cause(case: Case, got: Tensors, name: str) -> str:
    """A mistake on record with the same output, or else what the difference looks like."""
    matches = [
        mistake
        for mistake, outputs in case.mistakes.items()
        if all(equal(got[n], output, case.tolerance) for n, output in outputs.items())
    ]
    if matches:
        return f"an implementation that {', or that '.join(matches)}"
    value, expected = got[name].double(), case.expected[name].double()
    if value.shape != expected.shape:
        return "a transposed or missing axis; the docstring gives the shapes"
    if not bool(value.isfinite().all()):
        return "a division by zero, or a softmax over nothing but -inf"
    if not bool(value.any()):
        return "a result that is never filled in"
    ratio = (value * expected).sum() / (expected * expected).sum()
    if equal(value, ratio * expected, case.tolerance):
        return f"a factor: every value is {ratio.item():.6g} times what it should be"
    if expected.ndim >= 2 and equal(value[:, 0], expected[:, 0], case.tolerance):
        return "positions: index 0 of the second axis is right, later ones are not"
    return "none of the classic mistakes; go through the steps of the docstring one by one"


def run_as_script(*tests: Callable[[], None]) -> int:
    """Run tests in turn, saying how each went; returns the exit status."""
    failures = 0
    for test in tests:
        try:
            test()
        except NotImplementedError:
            print(f"not started  {test.__name__.removeprefix('test_')}")
        except AssertionError as error:
            print(f"WRONG        {error}")
        except Exception:
            print(f"CRASHED      {test.__name__.removeprefix('test_')}")
            traceback.print_exc()
        else:
            print(f"passed       {test.__name__.removeprefix('test_')}")
            continue
        failures += 1
    print(f"{len(tests) - failures} of {len(tests)} passed")
    return 1 if failures else 0
