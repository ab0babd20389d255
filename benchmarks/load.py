"""load: from a file to the first token, and from a command to the first token."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

import checkpoints
from benchmarks import engines
from benchmarks.engines import Engine
from benchmarks.hugging_face import hugging_face_folder
from benchmarks.measure import Contender, Run, Work, peak_memory
from benchmarks.setting import Setting, gguf_beside, is_installed
from flags import PROMPT
from tokenizer import tokenizer_for

PROJECT = Path(__file__).parent.parent
TRANSFORMERS_SCRIPT = """
import sys
import torch
from transformers import LlamaForCausalLM

folder, prompt, *ids = sys.argv[1:]
model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
print(prompt, end="", flush=True)
ids = torch.tensor([[int(i) for i in ids]])
print(model.generate(ids, max_new_tokens=1, do_sample=False)[0, -1].item(), flush=True)
"""


def read_file(engine: Callable[..., Engine], options: dict[str, Any]) -> Callable[[bool], Run]:
    """Read the file, make the model and compute one token, so that every weight was touched."""

    def run(warm_up: bool) -> Run:
        start = time.perf_counter()
        text = engine(**options)(torch.tensor([[1]]), 1)
        return Run(time.perf_counter() - start, 1, result=tuple(text.tokens))

    return run


def command(arguments: Sequence[str], prompt: str) -> Callable[[bool], Run]:
    """Start a program and wait until it has printed the prompt and something after it."""

    def run(warm_up: bool) -> Run:
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            process = subprocess.Popen(
                arguments,
                cwd=folder,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())},
            )
            try:
                seconds = _wait_for_text(process, prompt.encode(), start)
                peak = peak_memory(process.pid)
            finally:
                process.kill()
                process.communicate()
        return Run(seconds, 1, peak_bytes=peak)

    return run


def _wait_for_text(process: subprocess.Popen[bytes], prompt: bytes, start: float) -> float:
    assert process.stdout is not None
    assert process.stderr is not None
    shown = b""
    while chunk := os.read(process.stdout.fileno(), 4096):
        shown += chunk
        if shown.partition(prompt)[2]:
            return time.perf_counter() - start
    raise RuntimeError(f"no token came: {process.stderr.read().decode(errors='replace')[-200:]}")


def works(setting: Setting, left_out: list[str]) -> list[Work]:
    """Two: the file alone, with everything imported, and the whole command, run again."""
    checkpoint = checkpoints.read(setting.checkpoint)
    ids = tokenizer_for(checkpoint).encode(PROMPT, bos=True, eos=False)
    suffix = setting.checkpoint.suffix
    files = [
        Contender(
            f"ours, {suffix}",
            read_file,
            {"engine": engines.taught, "options": {"checkpoint": setting.checkpoint}},
        ),
    ]
    ours = [
        sys.executable, str(PROJECT / "run_llama.py"), "--option", "generate",
        "--pretrained-model-path", str(setting.checkpoint), "--temperature", "0",
    ]  # fmt: skip
    commands = [
        Contender("ours, run_llama.py", command, {"arguments": ours, "prompt": PROMPT}),
    ]
    gguf = gguf_beside(setting.checkpoint)
    if gguf is not None:
        files.append(
            Contender(
                "ours, .gguf",
                read_file,
                {"engine": engines.taught, "options": {"checkpoint": gguf}},
            )
        )
    if is_installed("transformers", left_out):
        folder = hugging_face_folder(setting)
        options = {"folder": folder, "dtype": "float32"}
        theirs = [sys.executable, "-c", TRANSFORMERS_SCRIPT, str(folder), PROMPT, *map(str, ids)]
        files.append(
            Contender(
                "transformers, .safetensors",
                read_file,
                {"engine": engines.transformers, "options": options},
            )
        )
        commands.append(
            Contender(
                "transformers, a script",
                command,
                {"arguments": theirs, "prompt": PROMPT},
                "a few lines, which are handed the prompt's token ids",
            )
        )
    if gguf is None:
        left_out.append(f"llama.cpp: there is no GGUF file beside {setting.checkpoint}")
    elif is_installed("llama.cpp", left_out):
        options = {"gguf": gguf, "context": min(512, checkpoint.config.max_seq_len)}
        files.append(
            Contender(
                "llama.cpp, .gguf",
                read_file,
                {"engine": engines.llama_cpp, "options": options},
                "keeps the weights in 4 bits",
            )
        )
    return [
        Work("file", "from the file to one token, everything imported, the file in the cache",
             "loads", "transformers, .safetensors", files, as_time=True),
        Work("command", "from the command to the first token, run again",
             "runs", "transformers, a script", commands, as_time=True),
    ]  # fmt: skip
