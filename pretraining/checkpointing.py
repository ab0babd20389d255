"""A checkpoint of a training loop: what it needs to go on as if nothing had stopped it.

(A run of `python -m pretraining train` keeps more: the order of its data, its figures, its best
weights. See `training/trainer.py`.)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch.nn import Module
from torch.optim import Optimizer

from support.tensors import save_tensors


def save_checkpoint(model: Module, optimizer: Optimizer, iteration: int, out: Any) -> None:
    """Save what a training loop needs to go on.

    1. Put together a dictionary of three entries: "model" and "optimizer", with what the
       `state_dict()` of each says, and "iteration", the number;
    2. write it with `torch.save` where `out` is an open file, and leave that open; or else with
       `save_tensors`, which writes the file whole or not at all: a run that is killed while it
       saves has its last checkpoint still.

    Args:
        model: whose state is its parameters, and what else it keeps (buffers).
        optimizer: whose state is the moments, say, that it has gathered; without them the first
            steps afterwards would go astray.
        iteration: how many steps have been taken.
        out: a path, or a binary file that is open (whatever has a `write`).

    Raises:
        ValueError: the disk is full or failing.
    """
    contents = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "iteration": iteration,
    }
    if hasattr(out, "write"):
        torch.save(contents, out)
    else:
        save_tensors(Path(out), contents)


def load_checkpoint(src: Any, model: Module, optimizer: Optimizer) -> int:
    """Take up what `save_checkpoint` has saved: model and optimizer are changed in place.

    1. Read the dictionary with `torch.load`, onto the CPU (a GPU that it was on may be missing
       here), and with `weights_only=True`: a pickle can run any code, a checkpoint from elsewhere
       too;
    2. give "model" and "optimizer" to the `load_state_dict` of each, which moves tensors to where
       the parameters are;
    3. return "iteration".

    Args:
        src: a path, or a binary file that is open.
        model, optimizer: made as those that were saved.

    Returns:
        How many steps had been taken.

    Raises:
        RuntimeError: the model has other parameters than the one that was saved.
    """
    contents = torch.load(src, map_location="cpu", weights_only=True)
    model.load_state_dict(contents["model"])
    optimizer.load_state_dict(contents["optimizer"])
    return contents["iteration"]
