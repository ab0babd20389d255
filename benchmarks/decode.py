"""decode: writing text, one token at a time, alone and in batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

import checkpoints
from benchmarks import engines
from benchmarks.engines import Engine
from benchmarks.hugging_face import hugging_face_folder
from benchmarks.measure import Contender, Run, Work
from benchmarks.setting import (
    NO_CC,
    NO_FAST_BFLOAT16,
    Setting,
    c_compiler,
    gguf_beside,
    is_installed,
)
from config import LlamaConfig
from flags import PROMPT
from llama import load_pretrained
from support.processor import compile_fault
from tokenizer import tokenizer_for

TAUGHT = "ours, taught, float32"
PEER = "transformers, float32"
EARLY, LATE = 100, 2000  # the tokens whose times are compared
STEPS = 16  # around each of them
COURSE_TOKENS, COURSE_TOKENS_QUICK = 50, 10  # of a loop that gets slower with each


@dataclass(frozen=True)
class Cost:
    """What one step of decoding needs at least."""

    weight_bytes: float  # every weight is read once a step, whatever the batch
    cache_bytes: float  # of one token in the context of one row
    flops: float  # of one row

    @classmethod
    def of(cls, config: LlamaConfig, matrix_weights: int, bytes_per_weight: float) -> Cost:
        cache = 2 * config.n_layers * config.n_kv_heads * config.head_dim
        return cls(
            matrix_weights * bytes_per_weight,
            cache
            * max(2.0, bytes_per_weight),  # kept in 2 bytes at least, however few a weight has
            2.0 * matrix_weights,
        )


def throughput(
    engine: Callable[..., Engine],
    options: dict[str, Any],
    prompts: list[list[int]],
    new: int,
    cost: Cost,
) -> Callable[[bool], Run]:
    """Tokens a second from the first token on; what comes before it is told apart."""
    write = engine(**options)
    idx = torch.tensor(prompts)
    rows, T = idx.shape

    def run(warm_up: bool) -> Run:
        text = write(idx, 4 if warm_up else new)
        steps = len(text.seconds) - 1
        context = T + len(text.seconds) / 2  # tokens that a step sees, on average
        return Run(
            seconds=text.seconds[-1] - text.seconds[0],
            units=rows * steps,
            bytes=steps * (cost.weight_bytes + rows * context * cost.cache_bytes),
            flops=steps * rows * cost.flops,
            result=tuple(text.tokens),
            figures={"first token s": text.seconds[0]},
        )

    return run


def growth(
    engine: Callable[..., Engine], options: dict[str, Any], text: list[int], late: int, cost: Cost
) -> Callable[[bool], Run]:
    """Tokens a second around the late one, and how much longer it takes than an early one."""
    write = engine(**options)

    def milliseconds(position: int) -> tuple[float, list[int]]:
        start = position - STEPS // 2
        written = write(torch.tensor([text[:start]]), STEPS + 1)
        return 1e3 * (written.seconds[-1] - written.seconds[0]) / STEPS, written.tokens

    def run(warm_up: bool) -> Run:
        early, tokens = milliseconds(EARLY)
        if warm_up:
            return Run(early, 1)
        slow, more = milliseconds(late)
        return Run(
            seconds=slow * STEPS / 1e3,
            units=STEPS,
            bytes=STEPS * (cost.weight_bytes + late * cost.cache_bytes),
            flops=STEPS * cost.flops,
            result=(*tokens, *more),
            figures={f"ms at {EARLY}": early, f"ms at {late}": slow, "times": slow / early},
        )

    return run


@dataclass(frozen=True)
class Candidate:
    """An engine with its options, before it is told what to write."""

    name: str
    engine: Callable[..., Engine]
    options: dict[str, Any]
    cost: Cost
    note: str = ""
    most: int | None = None  # tokens that it is asked for at most

    def contender(self, work: Callable[..., Callable[[bool], Run]], **options: Any) -> Contender:
        options = {"engine": self.engine, "options": self.options, "cost": self.cost, **options}
        return Contender(self.name, work, options, self.note)


def works(setting: Setting, left_out: list[str]) -> list[Work]:
    """Batch 1, and, where there is time, 16 and 64, and the 2,000th token against the 100th."""
    checkpoint = checkpoints.read(setting.checkpoint)
    tokenizer = tokenizer_for(checkpoint)
    prompt = tokenizer.encode(PROMPT, bos=True, eos=False)
    room = checkpoint.config.max_seq_len
    one = min(32 if setting.quick else 200, room - len(prompt))
    if one < 2:
        raise ValueError(
            f"{setting.checkpoint}: a context of {room} tokens has no room after the course's "
            f"prompt, which takes {len(prompt)}; give a model with a longer one"
        )
    everyone = candidates(setting, checkpoint.config, left_out)
    first = able(setting, everyone, left_out, "batch 1", set()) if setting.quick else everyone
    alone = [c.contender(throughput, prompts=[prompt], new=min(one, c.most or one)) for c in first]
    about = f"{one} tokens after the course's prompt of {len(prompt)}, greedy"
    found = [Work("batch 1", about, "tokens", PEER, alone)]
    if setting.quick:
        return found
    many = min(64, one)
    for rows in (16, 64):
        name = f"batch {rows}"
        # As many beginnings of the prompt's length, each its own: the words, turned round.
        prompts = [prompt[i % len(prompt) :] + prompt[: i % len(prompt)] for i in range(rows)]
        cannot = {engines.course, engines.llama_cpp, engines.plain_c}  # not driven in batches here
        batch = [
            c.contender(throughput, prompts=prompts, new=many)
            for c in able(setting, everyone, left_out, name, cannot)
            if not c.options.get("compile")  # what is compiled takes one row
        ]
        about = f"{rows} rows of {many} tokens each, all rows counted"
        found.append(Work(name, about, "tokens", PEER, batch))
    late = min(LATE, room - STEPS)
    if late > EARLY:
        sentence = (prompt * (late // len(prompt) + 1))[:late]
        long = [
            c.contender(growth, text=sentence, late=late)
            for c in able(
                setting, everyone, left_out, "long text", {engines.course, engines.plain_c}
            )
        ]
        about = f"around the {late:,}th token of a text; it against the {EARLY}th"
        found.append(Work("long text", about, "tokens", PEER, long))
    return found


def candidates(setting: Setting, config: LlamaConfig, left_out: list[str]) -> list[Candidate]:
    """All engines that can run here; the others are told in `left_out`."""
    weights = count_matrix_weights(setting.checkpoint)

    def cost(bytes_per_weight: float) -> Cost:
        return Cost.of(config, weights, bytes_per_weight)

    ours = {"checkpoint": setting.checkpoint}
    found = [Candidate(TAUGHT, engines.taught, ours, cost(4))]
    compiled = [False]
    if not setting.quick:
        if fault := compile_fault():
            left_out.append(f"ours, compiled: {fault}")
        else:
            compiled.append(True)
    for compile in compiled:
        for dtype, quantize, size in (
            ("float32", None, 4),
            ("bfloat16", None, 2),
            ("float32", "int8", 1),
        ):
            name = f"ours, fast, {quantize or dtype}" + (", compiled" if compile else "")
            options = {**ours, "dtype": dtype, "quantize": quantize, "compile": compile}
            note = "one compiled layer, if a trial finds it faster" if compile else ""
            found.append(Candidate(name, engines.fast, options, cost(size), note))
    most = COURSE_TOKENS_QUICK if setting.quick else COURSE_TOKENS
    note = f"the whole text again for each of {most} tokens"
    found.append(Candidate("the course's loop, float32", engines.course, ours, cost(4), note, most))
    if is_installed("transformers", left_out):
        folder = hugging_face_folder(setting)
        for dtype, size in (("float32", 4), ("bfloat16", 2)):
            theirs = {"folder": folder, "dtype": dtype}
            found.append(
                Candidate(f"transformers, {dtype}", engines.transformers, theirs, cost(size))
            )
    gguf = gguf_beside(setting.checkpoint)
    if gguf is None:
        left_out.append(f"llama.cpp: there is no GGUF file beside {setting.checkpoint}")
    elif is_installed("llama.cpp", left_out):
        theirs = {"gguf": gguf, "context": min(config.max_seq_len, LATE + 2 * STEPS)}
        precision = gguf.suffixes[-2].lstrip(".") if len(gguf.suffixes) > 1 else "as it is"
        measure = cost(gguf.stat().st_size / weights)
        note = "the weights of the GGUF file as they are, the others' dequantised from it"
        found.append(Candidate(f"llama.cpp, {precision}", engines.llama_cpp, theirs, measure, note))
    if c_compiler():
        note = "the matrix-vector products alone, in the place of llama2.c: what C reaches"
        found.append(Candidate("plain C, float32", engines.plain_c, ours, cost(4), note))
    else:
        left_out.append(f"plain C: {NO_CC}")
    return found


def able(
    setting: Setting, everyone: list[Candidate], left_out: list[str], work: str, cannot: set[Any]
) -> list[Candidate]:
    """All but the engines that cannot do a work, and half precision where that is hopeless.

    Many tokens at once, rows of a batch or the words of a long prompt, are products of matrices,
    which processors without units for it emulate. For one token it is only slow.
    """
    chosen, slow = [], []
    for candidate in everyone:
        if candidate.engine in cannot:
            continue
        if "bfloat16" in candidate.name and not setting.fast_bfloat16:
            slow.append(candidate.name)
            continue
        chosen.append(candidate)
    if slow:
        left_out.append(f"{work}: {'; '.join(slow)}: {NO_FAST_BFLOAT16}")
    return chosen


def count_matrix_weights(checkpoint: Path) -> int:
    """How many weights a token is multiplied with."""
    model = load_pretrained(checkpoint)
    return sum(matrix.numel() for matrix in engines.matrices_of(model))
