"""Small models and files that several tests start from."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import generation
from checkpoints import BytePairVocabulary
from checkpoints.vocabulary import byte_alphabet
from config import LlamaConfig
from llama import Llama
from sampling import choose_token

PROJECT = Path(__file__).parent.parent
# No two sizes alike, KV < H; weights far larger than at the start of training, so that every
# part of the model shows in the result.
CONFIG = LlamaConfig(
    vocab_size=97, dim=48, n_layers=3, n_heads=6, n_kv_heads=2, max_seq_len=64, hidden_dim=80
)


MERGES = ["Ġ t", "h e", "Ġt he", "i n", "1 2", "Ġ Ġ", "e r"]
CLEAR = 1e-3  # by so much the most likely token leads, if rounding is not to choose another
LABELS = ["terrible", "wonderful while", "movie"]  # in the reviews that follow


def random_llama(config: LlamaConfig = CONFIG, seed: int = 0) -> Llama:
    """A model with large random weights, norms included, in eval mode."""
    torch.manual_seed(seed)
    model = Llama(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter.copy_(1 + 0.3 * torch.randn_like(parameter))
            else:
                parameter.copy_(torch.randn_like(parameter) * 1.5 / parameter.shape[1] ** 0.5)
    return model


def counting_llama(config: LlamaConfig, first: int = 3) -> Llama:
    """A model whose greedy text is known and never ends: each token is followed by the next one.

    After the last of the vocabulary comes `first`, so no control token is ever written. The right
    token leads by far, whatever the processor, its threads and their rounding.
    """
    model = random_llama(replace(config, tie_embeddings=False), seed=1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith(("compute_output.weight", "w2.weight")):
                parameter.zero_()  # so the layers add nothing to a token's own embedding
        model.norm.weight.fill_(1.0)
        following = torch.arange(1, config.vocab_size + 1)
        following[-1] = first
        directions = F.normalize(model.tok_embeddings.weight, dim=-1)
        model.output.weight.zero_()
        model.output.weight[following[first:]] = directions[first:]
    return model


def vocabulary(**changes) -> BytePairVocabulary:
    """A small byte-level BPE of SmolLM2's kind."""
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokens = [*specials, *byte_alphabet(), *(merge.replace(" ", "") for merge in MERGES)]
    values = {
        "pre": "smollm",
        "tokens": tokens,
        "merges": MERGES,
        "token_types": [3] * 3 + [1] * (len(tokens) - 3),
        "bos_id": 1,
        "eos_id": 2,
        "pad_id": 2,
        "add_bos": False,
    }
    return BytePairVocabulary(**{**values, **changes})


@contextmanager
def recorded_margins() -> Iterator[list[torch.Tensor]]:
    """By how much the most likely token of each row leads, step by step, in generated texts."""
    margins: list[torch.Tensor] = []

    def choose(logits: torch.Tensor, *given: Any) -> torch.Tensor:
        best = logits.topk(2).values
        margins.append(best[:, 0] - best[:, 1])
        return choose_token(logits, *given)

    with mock.patch.object(generation, "choose_token", choose):
        yield margins


def assert_same_text(
    got: torch.Tensor, expected: torch.Tensor, margins: list[torch.Tensor]
) -> None:
    """(B, T + new) equal, in each row up to where two tokens are about as likely."""
    leads = torch.stack(margins, dim=1)  # (B, new)
    clear = (leads > CLEAR).int().cumprod(dim=1).bool()
    start = expected.shape[1] - leads.shape[1]
    assert got.shape == expected.shape
    assert torch.equal(got[:, :start], expected[:, :start])
    assert bool((got[:, start:] == expected[:, start:])[clear].all())
    assert clear.float().mean() > 0.5, "hardly anything was compared"


def assert_close(
    got: torch.Tensor, expected: np.ndarray, atol: float = 1e-4, rtol: float = 1e-4
) -> None:
    """A tensor and the float64 oracle's array."""
    torch.testing.assert_close(got.double(), torch.from_numpy(expected), atol=atol, rtol=rtol)


def random_tokens(*shape: int, seed: int = 0, vocab_size: int = CONFIG.vocab_size) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, vocab_size, shape, generator=generator)


def some_reviews(count: int, seed: int) -> str:
    rng = random.Random(seed)
    words = [
        "hero",
        "thriller",
        "movie",
        "playing",
        "wanted",
        "while",
        "wonderful",
        "terrible",
        "a",
    ]
    lines = []
    for i in range(count):
        sentence = " ".join(rng.choice(words) for _ in range(rng.randint(1, 12)))
        lines.append(f"{i % 3} ||| {sentence} {LABELS[i % 3]}")
    rng.shuffle(lines)
    return "\n".join(lines) + "\n"


def review_flags(work: Path, **changes: str) -> list[str]:
    files = {s: str(work / f"toy-{s}.txt") for s in ("train", "dev", "test")}
    given = {**files, "label-names": str(work / "names.json"), **changes}
    return list(itertools.chain.from_iterable((f"--{k}", v) for k, v in given.items()))


def know_tier(patch: pytest.MonkeyPatch, tier: object) -> None:
    """Let graders take this sandbox and try none."""
    patch.setattr("assignment.grading.grader.choose_tier", lambda *_, **__: tier)


def leave_undrawn(patch: pytest.MonkeyPatch) -> None:
    """Let curves be plotted and not rendered, on which a small run would spend half its time."""
    with contextlib.suppress(ImportError):  # an extra: plots
        from matplotlib.figure import Figure

        patch.setattr(Figure, "savefig", lambda self, path, **_: Path(path).touch())


def trained_runs(trained: Path) -> dict[str, Path]:
    """The frozen run and the whole model's in the folder of the fixture `trained`."""
    found = {
        "frozen" if "frozen" in path.name else "whole": path for path in trained.glob("runs/*")
    }
    assert len(found) == 2
    return found


def write(path: Path, content: bytes | str) -> Path:
    """A file with this content, line ends as they are."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def contents(folder: Path) -> dict[Path, bytes]:
    """Every file in a folder and below, to see that nothing has changed."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def run_script(*arguments: str | Path, cwd: Path = PROJECT) -> subprocess.CompletedProcess[str]:
    """Run one of the project's scripts as a user would."""
    script, *rest = map(str, arguments)
    command = [sys.executable, str(PROJECT / script), *rest]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def run_code(code: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run lines of Python in the project's folder, in a process of their own."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)


def buffered() -> dict[str, str]:
    """The environment of a Python that keeps what it prints until there is enough of it."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


@contextmanager
def ended_by(process: subprocess.Popen[Any], seconds: float = 120.0) -> Iterator[None]:
    """Kill a process that a test would wait for without end."""
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def run_assignment(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`python -m assignment` of a handout, or of the project."""
    return subprocess.run(
        [sys.executable, "-m", "assignment", *arguments],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def copy_tree(tree: Path, to: Path) -> Path:
    """A handout of one's own, to be changed."""
    shutil.copytree(tree, to, ignore=shutil.ignore_patterns("__pycache__", ".progress.json"))
    return to


def assert_user_error(result: subprocess.CompletedProcess[str], *parts: str) -> None:
    """One line on stderr with all the parts, exit status 2, no traceback."""
    assert result.returncode == 2, result.stderr
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    for part in parts:
        assert part in lines[0], lines[0]
