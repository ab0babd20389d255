"""optimizer: one AdamW step over all parameters of the model."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from benchmarks.measure import Contender, Run, Work
from benchmarks.setting import Setting
from llama import load_pretrained
from optimizer import AdamW
from support.processor import compile_fault
from training.compiled_step import compile_step

PEER = "torch, fused"
HYPERPARAMETERS = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0}
# Parameter, gradient and two moments are read, all but the gradient written again, in float32.
BYTES_PER_PARAMETER = 4 * (4 + 3)


def step(checkpoint: Path, make_optimizer: Callable[..., Any], steps: int) -> Callable[[bool], Run]:
    """Steps with the same random gradients; the result are parameters after them."""
    parameters = [
        nn.Parameter(p.detach().clone()) for p in load_pretrained(checkpoint).parameters()
    ]
    generator = torch.Generator().manual_seed(0)
    for p in parameters:
        p.grad = torch.randn(p.shape, generator=generator)
    size = sum(p.numel() for p in parameters)
    optimizer = make_optimizer(parameters, **HYPERPARAMETERS)

    def run(warm_up: bool) -> Run:
        count = 2 if warm_up else steps
        start = time.perf_counter()
        for _ in range(count):
            optimizer.step()
        seconds = time.perf_counter() - start
        some = parameters[0].detach().flatten()[:64]
        result = tuple((some * 1000).round().int().tolist())
        return Run(seconds, count, bytes=count * size * BYTES_PER_PARAMETER, result=result)

    return run


def ours_compiled(parameters: list[nn.Parameter], **options: Any) -> AdamW:
    optimizer = AdamW(parameters, **options)
    compile_step(optimizer)
    return optimizer


def works(setting: Setting, left_out: list[str]) -> list[Work]:
    """The step as it is taught, compiled, and torch's three."""
    ways: dict[str, Callable[..., Any]] = {"ours, taught": AdamW}
    if fault := compile_fault():
        left_out.append(f"ours, compiled: {fault}")
    elif not setting.quick:
        ways["ours, compiled"] = ours_compiled
    ways["torch, loop"] = partial(torch.optim.AdamW, foreach=False, fused=False)
    ways["torch, foreach"] = partial(torch.optim.AdamW, foreach=True)
    ways["torch, fused"] = partial(torch.optim.AdamW, fused=True)
    options = {"checkpoint": setting.checkpoint, "steps": 3 if setting.quick else 8}
    contenders = [
        Contender(name, step, {**options, "make_optimizer": make}) for name, make in ways.items()
    ]
    parameters = sum(p.numel() for p in load_pretrained(setting.checkpoint).parameters())
    about = f"a step over {parameters:,} parameters, float32"
    return [Work("AdamW", about, "steps", PEER, contenders, as_time=True, keep=False)]
