"""Feeds `pretraining.checkpointing`, each function without the other."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import SGD

from assignment.runners.tensors import Tensors
from pretraining import checkpointing


class Small(nn.Module):
    """A weight, and a buffer, which is no parameter and yet a part of the state."""

    def __init__(self, weight: Tensor, seen: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight.clone())
        self.register_buffer("seen", seen.clone())


def trained(given: Tensors) -> tuple[Small, SGD]:
    """A model after two steps; what the optimizer remembers of them is a fading sum."""
    model = Small(given["weight"], given["seen"])
    optimizer = optimizer_of(model, float(given["lr"]), float(given["momentum"]))
    for gradient in given["gradients"]:
        take_step(model, optimizer, gradient)
    return model, optimizer


def optimizer_of(model: nn.Module, lr: float, momentum: float) -> SGD:
    return torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)


def take_step(model: Small, optimizer: SGD, gradient: Tensor) -> None:
    model.weight.grad = gradient.clone()
    optimizer.step()


@contextmanager
def place(given: Tensors) -> Iterator[Any]:
    """Where a case saves, or loads from: a path, the same as a text, or an open file."""
    if "path" not in given and "text" not in given:
        yield io.BytesIO()
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.pt"
        yield path if "path" in given else str(path)


def run_save_checkpoint(given: Tensors) -> dict[str, Tensor]:
    model, optimizer = trained(given)
    with place(given) as out:
        checkpointing.save_checkpoint(model, optimizer, int(given["iteration"]), out)
        if isinstance(out, io.BytesIO):
            if out.closed:
                return {"left_open": torch.tensor(0)}
            out.seek(0)
        elif not Path(out).exists():
            return {"file_is_there": torch.tensor(0)}
        contents = torch.load(out, weights_only=True)
    contents = contents if isinstance(contents, dict) else {}
    model_state, optimizer_state = part(contents, "model"), part(contents, "optimizer")
    of_weight = part(part(optimizer_state, "state"), 0)
    groups = optimizer_state.get("param_groups")
    saved = {
        "model.weight": model_state.get("weight"),
        "model.seen": model_state.get("seen"),
        "optimizer.momentum": of_weight.get("momentum_buffer"),
        "optimizer.lr": groups[0]["lr"] if isinstance(groups, list) else None,
        "iteration": contents.get("iteration"),
    }
    return {
        "left_open": torch.tensor(1),
        "file_is_there": torch.tensor(1),
        **{f"has {name}": torch.tensor(int(x is not None)) for name, x in saved.items()},
        **{name: torch.as_tensor(x) for name, x in saved.items() if x is not None},
    }


def part(contents: Any, name: Any) -> dict[Any, Any]:
    """A dictionary within one; an empty one where it is not there."""
    found = contents.get(name)
    return found if isinstance(found, dict) else {}


def run_load_checkpoint(given: Tensors) -> dict[str, Tensor]:
    fresh = Small(torch.zeros_like(given["weight"]), torch.zeros_like(given["seen"]))
    starting = optimizer_of(fresh, lr=9.0, momentum=0.1)
    group = starting.state_dict()["param_groups"][0]
    group |= {"lr": float(given["lr"]), "momentum": float(given["momentum"])}
    contents: dict[str, Any] = {"iteration": int(given["iteration"])}
    contents["model"] = {
        name: given[name] for name in ("weight", "seen", "another") if name in given
    }
    memory = {0: {"momentum_buffer": given["fading"]}}
    contents["optimizer"] = {"state": memory, "param_groups": [group]}
    if "pickle" in given:
        contents["more"] = Fraction(1, 3)  # which only code that the file names can make
    with place(given) as src:
        torch.save(contents, src)
        if isinstance(src, io.BytesIO):
            src.seek(0)
        if "another" in given or "pickle" in given:
            try:
                checkpointing.load_checkpoint(src, fresh, starting)
            except Exception:
                return {"refused": torch.tensor(1)}
            return {"refused": torch.tensor(0)}
        iteration = checkpointing.load_checkpoint(src, fresh, starting)
    found = {"model.weight": fresh.weight.detach().clone(), "model.seen": fresh.get_buffer("seen")}
    found["returns_a_number"] = torch.tensor(int(isinstance(iteration, int)))
    if isinstance(iteration, int):
        found["iteration"] = torch.tensor(iteration)
    take_step(fresh, starting, given["gradient"])
    return found | {"weight_a_step_later": fresh.weight.detach()}


RUNNERS = {"save_checkpoint": run_save_checkpoint, "load_checkpoint": run_load_checkpoint}
