"""Programs that continue a text, behind one call: prompts in, tokens and their times out."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmarks.hugging_face import load_theirs
from benchmarks.setting import c_compiler
from inference import Decoder
from llama import Llama, load_pretrained


@dataclass
class Text:
    """What was written, and when each token came."""

    tokens: list[int] = field(default_factory=list)  # of a batch all rows, step by step
    seconds: list[float] = field(default_factory=list)  # of each step, since the call


# (B, T) prompts, how many tokens to add to each -> Text, greedily and past any end of text
Engine = Callable[[Tensor, int], Text]


def _clocked(steps: Iterable[Any]) -> Text:
    """Take tokens as they come, (B, 1) tensors or single integers."""
    text = Text()
    start = time.perf_counter()
    for step in steps:
        text.seconds.append(time.perf_counter() - start)
        text.tokens += step.flatten().tolist() if isinstance(step, Tensor) else [int(step)]
    return text


def taught(checkpoint: Path) -> Engine:
    """`llama.py`, as it is taught."""
    model = load_pretrained(checkpoint)
    return lambda prompts, new: _clocked(model.stream(prompts, new, 0.0))


def course(checkpoint: Path) -> Engine:
    """The course's loop: the whole text again for each token."""
    model = load_pretrained(checkpoint)
    return lambda prompts, new: _clocked(model.stream(prompts, new, 0.0, use_cache=False))


def fast(checkpoint: Path, dtype: str, quantize: str | None, compile: bool) -> Engine:
    """`inference/`, the fast decoder."""
    decoder = Decoder(load_pretrained(checkpoint), dtype, quantize=quantize, compile=compile)
    return lambda prompts, new: _clocked(decoder.stream(prompts, new, 0.0))


def transformers(folder: Path, dtype: str) -> Engine:
    """transformers' `generate`, with its cache."""
    model = load_theirs(folder, dtype)

    def engine(prompts: Tensor, new: int) -> Text:
        text = Text()
        start = time.perf_counter()

        def note(ids: Tensor, scores: Any, **kwargs: Any) -> Tensor:
            """A stopping criterion that never stops, called after each token."""
            text.seconds.append(time.perf_counter() - start)
            return torch.zeros(len(ids), dtype=torch.bool)

        ids = model.generate(
            prompts,
            attention_mask=torch.ones_like(prompts),
            max_new_tokens=new,
            do_sample=False,
            stopping_criteria=[note],
        )
        text.tokens = ids[:, prompts.shape[1] :].T.flatten().tolist()
        return text

    return engine


def llama_cpp(gguf: Path, context: int) -> Engine:
    """llama.cpp by its Python package, on the quantised file itself."""
    import llama_cpp

    threads = torch.get_num_threads()
    model = llama_cpp.Llama(
        str(gguf), n_ctx=context, n_threads=threads, n_threads_batch=threads, verbose=False
    )

    def engine(prompts: Tensor, new: int) -> Text:
        (prompt,) = prompts.tolist()
        model.reset()  # else it goes on from what it has read of this prompt before
        return _clocked(islice(model.generate(prompt, temp=0.0, repeat_penalty=1.0), new))

    return engine


def plain_c(checkpoint: Path) -> Engine:
    """The matrix-vector products of each token in C, and nothing else of the model."""
    model = load_pretrained(checkpoint)
    matrices = matrices_of(model)
    library = _compile_c()
    rows = (ctypes.c_int * len(matrices))(*(m.shape[0] for m in matrices))
    columns = (ctypes.c_int * len(matrices))(*(m.shape[1] for m in matrices))
    x = torch.ones(max(columns))
    y = torch.empty(max(rows))

    def steps(new: int) -> Iterable[int]:
        # Addresses of tensors that live as long as this function does.
        vectors = ctypes.c_void_p(x.data_ptr()), ctypes.c_void_p(y.data_ptr())
        weights = (ctypes.c_void_p * len(matrices))(*(m.data_ptr() for m in matrices))
        for _ in range(new):
            library.token(len(matrices), weights, rows, columns, *vectors)
            yield 0

    def engine(prompts: Tensor, new: int) -> Text:
        return Text(seconds=_clocked(steps(new)).seconds)  # it computes no token

    return engine


def matrices_of(model: Llama) -> list[Tensor]:
    """What one token is multiplied with: every matrix but the embedding, which is looked up."""
    return [
        layer.weight.detach() for layer in model.modules() if isinstance(layer, torch.nn.Linear)
    ]


# What -Ofast allows and a sum needs. -Ofast itself, in a library, makes the whole process take
# numbers below 1e-38 for zero.
C_FLAGS = (
    "-O3", "-march=native", "-fopenmp", "-fassociative-math", "-fno-signed-zeros",
    "-fno-trapping-math", "-fno-math-errno", "-shared", "-fPIC",
)  # fmt: skip


def _compile_c() -> ctypes.CDLL:
    compiler = c_compiler()
    assert compiler is not None  # `decode.py` has looked
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "matvec.so"
        subprocess.run(
            [compiler, *C_FLAGS, "-o", library, Path(__file__).with_name("matvec.c")],
            check=True,
            capture_output=True,
        )
        return ctypes.CDLL(str(library))  # stays mapped when the file goes
