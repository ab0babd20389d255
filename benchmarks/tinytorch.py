"""tinytorch: the same Llama on the engine that can be read and on PyTorch."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import checkpoints
from benchmarks.measure import Contender, Run, Work
from benchmarks.setting import Setting
from config import LlamaConfig
from tinytorch.names import Engine, tiny_engine, torch_engine
from tinytorch.stand_in import on_tinytorch
from tinytorch.value import Value

PROMPT = [3725, 9931, 418, 253]  # ids of any text
CONFIG = LlamaConfig(
    vocab_size=97, dim=48, n_layers=3, n_heads=6, n_kv_heads=2, max_seq_len=64, hidden_dim=80
)
LAYERS = (2, 16, 16, 1)  # of micrograd's demonstration
POINTS = 100


def engine_of(ours: bool) -> Engine:
    return tiny_engine() if ours else torch_engine()


def write(checkpoint: Path, ours: bool, tokens: int) -> Callable[[bool], Run]:
    """Greedy text with a cache, by llama.py."""
    engine, read = engine_of(ours), checkpoints.read(checkpoint)
    model = engine.llama.Llama.from_checkpoint(on_tinytorch(read) if ours else read)
    ids = engine.torch.tensor([[token % model.vocab_size for token in PROMPT]])

    def run(warm_up: bool) -> Run:
        start = time.perf_counter()
        text = model.generate(ids, 2 if warm_up else tokens, 0.0)
        return Run(time.perf_counter() - start, tokens, result=tuple(text[0].tolist()))

    return run


def small_llama(engine: Engine) -> tuple[Any, Callable[[], Any]]:
    """A model with the same weights on either engine, and its loss."""
    model = engine.llama.Llama(CONFIG)
    source = np.random.default_rng(0)
    state = {name: source.normal(0, 0.2, tuple(p.shape)).astype("float32")
             for name, p in model.named_parameters()}  # fmt: skip
    state["output.weight"] = state["tok_embeddings.weight"]
    torch = engine.torch
    model.load_state_dict({name: torch.tensor(array) for name, array in state.items()})
    ids = source.integers(0, CONFIG.vocab_size, (4, 33))
    tokens, targets = (torch.tensor(part.copy()) for part in (ids[:, :-1], ids[:, 1:]))

    def loss() -> Any:
        logits, _ = model(tokens, targets)
        return torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())

    return model, loss


def forward_and_backward(ours: bool, steps: int) -> Callable[[bool], Run]:
    """Of the small Llama; the result is the loss, and one gradient."""
    model, loss = small_llama(engine_of(ours))

    def run(warm_up: bool) -> Run:
        start = time.perf_counter()
        for _ in range(3 if warm_up else steps):
            model.zero_grad()
            found = loss()
            found.backward()
        seconds = time.perf_counter() - start
        grad = model.layers[0].attention.compute_query.weight.grad
        result = (round(1e3 * found.item()), round(1e3 * float(grad[0, 0])))
        return Run(seconds, steps, result=result)

    return run


def train(ours: bool, steps: int) -> Callable[[bool], Run]:
    """Steps of the hand-written AdamW; the result is the loss after them."""
    engine = engine_of(ours)

    def run(warm_up: bool) -> Run:
        model, loss = small_llama(engine)
        adamw = engine.optimizer.AdamW(model.parameters(), lr=1e-3, weight_decay=0.1)
        start = time.perf_counter()
        for _ in range(3 if warm_up else steps):
            model.zero_grad()
            found = loss()
            found.backward()
            adamw.step()
        return Run(time.perf_counter() - start, steps, result=(round(1e3 * found.item()),))

    return run


def perceptron_data() -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    source = np.random.default_rng(0)
    weights = [source.normal(size=shape) / shape[0] ** 0.5 for shape in pairwise(LAYERS)]
    points = source.normal(size=(POINTS, LAYERS[0]))
    return weights, points, np.where(points[:, 0] > points[:, 1], 1.0, -1.0)


def perceptron(engine: str, steps: int) -> Callable[[bool], Run]:
    """Forward, backward and a step of descent over 100 points, of a network of three layers."""
    weights, points, wanted = perceptron_data()
    if engine == "Value":
        return perceptron_of_values(weights, points, wanted)
    torch = engine_of(engine == "tinytorch").torch
    layers = [torch.tensor(w, requires_grad=True) for w in weights]
    x, y = torch.tensor(points), torch.tensor(wanted)[:, None]

    def run(warm_up: bool) -> Run:
        start = time.perf_counter()
        for _ in range(steps):
            h = x
            for w in layers[:-1]:
                h = (h @ w).relu()
            loss = ((h @ layers[-1] - y) ** 2).mean()
            loss.backward()
            with torch.no_grad():
                for w in layers:
                    w -= 1e-9 * w.grad
                    w.grad = None
        return Run(time.perf_counter() - start, steps, result=(round(1e5 * loss.item()),))

    return run


def perceptron_of_values(
    weights: list[np.ndarray], points: np.ndarray, wanted: np.ndarray
) -> Callable[[bool], Run]:
    layers = [[[Value(w) for w in column] for column in matrix.T] for matrix in weights]

    def run(warm_up: bool) -> Run:
        start = time.perf_counter()
        total = Value(0.0)
        for point, target in zip(points, wanted, strict=True):
            h: list[Any] = list(point)
            for n, columns in enumerate(layers):
                sums = [sum((w * x for w, x in zip(column, h, strict=True)), Value(0.0))
                        for column in columns]  # fmt: skip
                h = [s.relu() for s in sums] if n + 1 < len(layers) else sums
            total = total + (h[0] - float(target)) ** 2
        loss = total / len(points)
        loss.backward()
        for w in (w for columns in layers for column in columns for w in column):
            w.data -= 1e-9 * w.grad
            w.grad = 0.0
        return Run(time.perf_counter() - start, 1, result=(round(1e5 * loss.data),))

    return run


def works(setting: Setting, left_out: list[str]) -> list[Work]:
    """Writing, a forward and backward, training, and a network of single numbers."""
    quick = setting.quick
    pair = (("ours, TinyTorch", True), ("PyTorch", False))
    tokens, steps = (4, 10) if quick else (20, 100)
    return [
        Work("write", f"{tokens} greedy tokens with a cache, llama.py, float32", "tokens",
             "PyTorch", [Contender(name, write, {"checkpoint": setting.checkpoint, "ours": ours,
                                                 "tokens": tokens}) for name, ours in pair]),
        Work("forward and backward", "llama.py of 58,000 parameters, 4 x 32 tokens, float32",
             "steps", "PyTorch", [Contender(name, forward_and_backward,
                                            {"ours": ours, "steps": steps})
                                  for name, ours in pair], as_time=True),
        Work("train", "the same, with the hand-written AdamW", "steps", "PyTorch",
             [Contender(name, train, {"ours": ours, "steps": steps}) for name, ours in pair],
             as_time=True),
        Work("perceptron", "a step over 100 points, layers of 2, 16, 16 and 1, float64", "steps",
             "ours, Value", [Contender(name, perceptron, {"engine": engine, "steps": steps})
                             for name, engine in (("ours, Value", "Value"),
                                                  ("ours, TinyTorch", "tinytorch"),
                                                  ("PyTorch", "torch"))], as_time=True),
    ]  # fmt: skip
