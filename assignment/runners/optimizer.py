"""Feeds `optimizer.AdamW.step` and `optimizer.SGD.step`."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from assignment.runners.tensors import Tensors
from optimizer import SGD, AdamW

GroupsOf = Callable[[Tensors, list[nn.Parameter]], list[dict[str, object]]]


def run_adamw(given: Tensors) -> dict[str, Tensor]:
    if "sparse" in given:
        return step_with_a_sparse_gradient(given["sparse"])
    return stepped(given, AdamW, adamw_groups)


def run_sgd(given: Tensors) -> dict[str, Tensor]:
    return stepped(given, SGD, sgd_groups)


def stepped(given: Tensors, make: Callable[..., Any], groups_of: GroupsOf) -> dict[str, Tensor]:
    """Take a step for each gradient of a case, and tell what came of it."""
    count = 2 * len(given["lr"])
    parameters = [nn.Parameter(given[f"parameters.{i}"].clone()) for i in range(count)]
    optimizer = make(groups_of(given, parameters))
    losses: list[Tensor] = []
    calls = changed = 0
    for step in range(len(given["gradients.0"])):
        if step == given.get("resume"):
            saved = copy.deepcopy(optimizer.state_dict())
            optimizer = make(groups_of(given, parameters))
            optimizer.load_state_dict(saved)
        for group in optimizer.param_groups if "rates" in given else ():
            group["lr"] = float(given["rates"][step])
        gradients = [given[f"gradients.{i}"][step].clone() for i in range(count)]
        missing = given["missing"][step].tolist() if "missing" in given else [False] * count
        for parameter, gradient, gone in zip(parameters, gradients, missing, strict=True):
            parameter.grad = None if gone or "closure" in given else gradient.clone()

        def closure() -> Tensor:
            nonlocal calls
            calls += 1
            optimizer.zero_grad()  # noqa: B023 (called before the loop goes on)
            loss = sum((p * g).sum() for p, g in zip(parameters, gradients, strict=True))  # noqa: B023
            assert isinstance(loss, Tensor)
            loss.backward()
            return loss

        loss = optimizer.step(closure) if "closure" in given else optimizer.step()
        losses.append(loss.detach() if isinstance(loss, Tensor) else torch.tensor(torch.nan))
        changed += sum(
            p.grad is not None and not torch.equal(p.grad, g)
            for p, g in zip(parameters, gradients, strict=True)
        )
    return {
        **{f"parameters.{i}": p.detach() for i, p in enumerate(parameters)},
        "gradients_kept": torch.tensor(int(changed == 0)),
        "losses": torch.stack(losses),
        "closure_calls": torch.tensor(calls),
    }


def adamw_groups(given: Tensors, parameters: list[nn.Parameter]) -> list[dict[str, object]]:
    """Groups of two parameters, with the settings that the case gives them."""
    return [
        {
            "params": parameters[2 * i : 2 * i + 2],
            "betas": (float(given["beta1"][i]), float(given["beta2"][i])),
            "correct_bias": bool(given["correct_bias"][i]),
            **{name: float(given[name][i]) for name in ("lr", "eps", "weight_decay")},
        }
        for i in range(len(given["lr"]))
    ]


def sgd_groups(given: Tensors, parameters: list[nn.Parameter]) -> list[dict[str, object]]:
    return [
        {"params": parameters[2 * i : 2 * i + 2], "lr": float(lr), "decaying": bool(decaying)}
        for i, (lr, decaying) in enumerate(zip(given["lr"], given["decaying"], strict=True))
    ]


def step_with_a_sparse_gradient(start: Tensor) -> dict[str, Tensor]:
    embedding = nn.Embedding(len(start), start.shape[1], sparse=True, _weight=start.clone())
    embedding(torch.tensor([0, 3])).sum().backward()
    refused = 0
    try:
        AdamW(embedding.parameters(), lr=0.1, weight_decay=0.1).step()
    except RuntimeError:
        refused = 1
    return {"refused": torch.tensor(refused), "parameters.0": embedding.weight.detach()}


RUNNERS = {"adamw": run_adamw, "sgd": run_sgd}
