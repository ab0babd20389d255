"""What the modes run on: which checkpoint, which device, and the taught model or its fast twin.

The fast twin is the room `inference/`. A learner's tree has none, so that what it prints comes from
the learner's own code.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

import checkpoints
from data import STAND_IN
from llama import Llama
from support.processor import cpp_compiler, has_units
from tokenizer import TextTokenizer, tokenizer_for

try:
    from inference import Decoder
except ModuleNotFoundError as error:
    if error.name != "inference":
        raise
    Decoder = None  # type: ignore[assignment, misc]

COURSE_CHECKPOINT = "stories42M.pt"
NO_COMPILER = "--compile: no C++ compiler here (g++ or clang++); goes on without"
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class EngineOptions:
    """What runs the model, and in what arithmetic.

    Raises:
        ValueError: two options do not go together, or there is no fast engine here.
    """

    engine: str = "auto"  # auto, fast or taught
    dtype: str = "float32"  # of the weights
    quantize: str | None = None  # int8, or None
    compile: bool = False

    def __post_init__(self) -> None:
        wanted = [
            flag
            for flag, given in (
                ("--engine fast", self.engine == "fast"),
                (f"--quantize {self.quantize}", self.quantize is not None),
                ("--compile", self.compile),
            )
            if given
        ]
        if wanted and Decoder is None:
            raise ValueError(f"{wanted[0]}: this tree has no folder inference/; leave it out")
        if wanted and self.engine == "taught":
            raise ValueError(f"{wanted[0]} needs the fast engine; leave out --engine taught")
        if self.quantize is not None and self.dtype != "float32":
            raise ValueError(f"--quantize {self.quantize} and --dtype {self.dtype}: give one")

    def notes(self, device: torch.device) -> list[str]:
        """What a user should know of these options on this machine."""
        notes = []
        if self.compile and cpp_compiler() is None:
            notes.append(NO_COMPILER)
        if device.type == "cpu" and not has_units(DTYPES[self.dtype]):
            notes.append(
                f"this processor has no {self.dtype} units: a long prompt or a batch is slower "
                "than with --dtype float32"
            )
        return notes


@dataclass(frozen=True)
class Loaded:
    """A checkpoint ready for use."""

    model: Llama | Any  # Any: an `inference.Decoder`
    tokenizer: TextTokenizer
    source: str  # for the banner: file and size
    runs_on: str  # for the banner: device, threads, arithmetic, engine
    stand_in: str  # why this checkpoint and not the course's; empty when it is the one asked for


def choose_checkpoint(asked: str | None) -> tuple[Path, str]:
    """The checkpoint to read, and why it is a stand-in (or nothing).

    Raises:
        ValueError: nothing was asked for and neither default is here.
    """
    if asked is not None:
        return Path(asked), ""
    if Path(COURSE_CHECKPOINT).exists():
        return Path(COURSE_CHECKPOINT), ""
    if STAND_IN.exists():
        return STAND_IN, f"{COURSE_CHECKPOINT} is not here; bash setup.sh --course fetches it"
    raise ValueError(
        f"no checkpoint: neither {COURSE_CHECKPOINT} nor {STAND_IN.name} is here; "
        "bash setup.sh prepares the latter, --pretrained-model-path names another"
    )


def choose_device(name: str, use_gpu: bool) -> torch.device:
    """The device that --device and --use_gpu ask for.

    Raises:
        ValueError: it is not here, or the two flags disagree.
    """
    if use_gpu and name not in ("auto", "cuda"):
        raise ValueError(f"--use_gpu and --device {name} disagree; give one of them")
    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if use_gpu:
        name = "cuda"
    if name == "auto":
        name = next(device for device, here in present.items() if here)
    if not present[name]:
        asked = "--use_gpu" if use_gpu else f"--device {name}"
        raise ValueError(f"{asked}: there is no {name} device here; use --device cpu")
    return torch.device(name)


def set_threads(threads: int | None) -> None:
    """Compute with so many threads; None leaves it to torch, which takes one a core.

    Raises:
        ValueError: fewer than one, or more than there are processors.
    """
    most = os.cpu_count() or 1
    if threads is None:
        return
    if not 1 <= threads <= most:
        raise ValueError(f"--threads {threads}: must be from 1 to {most}, the processors here")
    torch.set_num_threads(threads)


def load(
    asked: str | None,
    device: torch.device,
    options: EngineOptions,
    *,
    tokenizer: str | None = None,
    max_len: int | None = None,
    causal: bool | None = None,
) -> Loaded:
    """Read a model and its tokenizer, and pack it where the fast engine is to run.

    Args:
        asked: path of the checkpoint; None for the default.
        tokenizer: path of its tokenizer; None for the one in or beside the checkpoint.
        max_len: tokens of a text that the tokenizer keeps.
        causal: overrides the checkpoint's configuration.

    Raises:
        ValueError: a file is missing, damaged or does not fit.
    """
    path, stand_in = choose_checkpoint(asked)
    checkpoint = checkpoints.read(path)
    text_tokenizer = tokenizer_for(checkpoint, max_len, tokenizer)
    dtype = DTYPES[options.dtype]
    llama = Llama.from_checkpoint(checkpoint, dtype=dtype, causal=causal).to(device)
    source = f"{path.name} ({checkpoint.format}): {llama.footprint()}"
    model, engine = make_engine(llama, options)
    kind = "" if llama.config.causal else ", bidirectional"
    threads = f", {torch.get_num_threads()} threads" if device.type == "cpu" else ""
    runs_on = f"{device.type}{threads}, {options.dtype}{kind}, {engine}"
    return Loaded(model, text_tokenizer, source, runs_on, stand_in)


def make_engine(model: Llama, options: EngineOptions) -> tuple[Any, str]:
    """The model that is to run, and what to call it; `auto` is fast on a processor."""
    fast = options.engine == "fast" or options.quantize is not None or options.compile
    if options.engine == "auto" and Decoder is not None and model.device.type == "cpu":
        fast = True
    if not fast:
        return model, "taught engine"
    compile = options.compile and cpp_compiler() is not None
    decoder = Decoder(model, options.dtype, options.quantize, compile)
    name = "fast engine"
    if options.quantize is not None:
        name += f" with {options.quantize} weights"
    if compile:
        name += ", compiled" if decoder.compiled else ", not compiled, which is faster here"
    return decoder, name


def seconds_per_token(model: Llama | Any, T: int) -> float:
    """Time one more token after T others: with a cache, or, bidirectionally, all of them again."""
    tokens = torch.zeros((1, T + 1), dtype=torch.long, device=model.device)
    if model.config.causal:
        tokens = tokens[:, :1]
    seconds = []
    with torch.no_grad():
        for _ in range(3):  # the first touches the weights for the first time
            start = time.perf_counter()
            model(tokens[:, -model.config.max_seq_len :])[0].sum().item()
            seconds.append(time.perf_counter() - start)
    return min(seconds)
