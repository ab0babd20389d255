"""What the subjects share: the files of the model, and which peers are installed.

A peer that is missing costs one line and nothing else; the line names what brings it.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from data import STAND_IN


@dataclass(frozen=True)
class Setting:
    """What a run of benchmarks is asked for."""

    checkpoint: Path
    reviews: Path  # lines `label ||| sentence`
    label_names: Path
    out: Path
    quick: bool
    fast_bfloat16: bool  # whether this processor multiplies matrices in bfloat16 at speed


@dataclass(frozen=True)
class Peer:
    """What others wrote: how to see that it is here, and what to do if not."""

    module: str
    remedy: str


PEERS = {
    "transformers": Peer("transformers", "pip install 'transformers>=4.56' (extra bench)"),
    "tokenizers": Peer("tokenizers", "pip install tokenizers (extra smollm2)"),
    "tiktoken": Peer("tiktoken", "pip install tiktoken (extra bench)"),
    "llama.cpp": Peer("llama_cpp", "pip install llama-cpp-python (compiles C++ for a long time)"),
}
NO_FAST_BFLOAT16 = "this processor has no units for matrix products in bfloat16"
NO_CC = "no C compiler: install gcc or clang, or name one in CC"


def is_installed(peer: str, left_out: list[str]) -> bool:
    """Whether a peer is here; if not, a line is added to `left_out`."""
    if find_spec(PEERS[peer].module):
        return True
    left_out.append(f"{peer}: not installed: {PEERS[peer].remedy}")
    return False


def c_compiler() -> str | None:
    """A C compiler that knows gcc's flags, or None."""
    names = [os.environ.get("CC"), "gcc", "clang", "cc"]
    return next((found for name in names if name and (found := shutil.which(name))), None)


def gguf_beside(checkpoint: Path) -> Path | None:
    """The GGUF file that a checkpoint was converted from: `X.Q4_1.gguf` beside `X.pt`."""
    return next(iter(sorted(checkpoint.parent.glob(f"{checkpoint.stem}*.gguf"))), None)


def default_checkpoint() -> Path:
    """The stand-in, so that figures compare from machine to machine.

    Raises:
        ValueError: set-up has not prepared it.
    """
    if not STAND_IN.exists():
        raise ValueError(
            f"no checkpoint: {STAND_IN.name} is not here; bash setup.sh prepares it, "
            "--pretrained-model-path names another"
        )
    return STAND_IN
