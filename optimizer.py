"""AdamW by hand: Adam with moments corrected for their start at zero, and decoupled weight decay.

Adam: Kingma and Ba 2014, https://arxiv.org/abs/1412.6980, algorithm 1 and the remark in section 2
on a more efficient order of computation. Decoupled decay: Loshchilov and Hutter 2017,
https://arxiv.org/abs/1711.05101, algorithm 2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer


class AdamW(Optimizer):
    """AdamW with the course's defaults; each group of parameters may have its own."""

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        correct_bias: bool = True,
    ) -> None:
        """Take parameters, or groups of them as `torch.optim` does.

        Raises:
            ValueError: a hyperparameter is out of range, in the arguments or in a group.
        """
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "correct_bias": correct_bias,
        }
        super().__init__(params, defaults)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group, whose hyperparameters are checked; the constructor comes through here."""
        group = {**self.defaults, **param_group}
        for name in ("lr", "eps", "weight_decay"):
            if not 0.0 <= group[name] < float("inf"):
                raise ValueError(f"{name}={group[name]}: must be a finite number of at least 0")
        for beta in group["betas"]:
            if not 0.0 <= beta < 1.0:
                raise ValueError(f"betas={group['betas']}: each must be in [0, 1)")
        super().add_param_group(param_group)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up the state of this class or of torch's AdamW; what a group lacks stays as it is.

        Raises:
            ValueError: the state is of a variant that is not implemented here, or does not fit.
        """
        saved = state_dict["param_groups"]
        for name in ("amsgrad", "maximize"):
            if any(group.get(name) for group in saved):
                raise ValueError(f"{name}=True: this AdamW does without; use torch's")
        before = [dict(group) for group in self.param_groups]
        super().load_state_dict(state_dict)
        for group, old, own in zip(self.param_groups, before, saved, strict=True):
            group.update({name: value for name, value in old.items() if name not in group})
            for p, number in zip(group["params"], own["params"], strict=True):
                for name, value in state_dict["state"].get(number, {}).items():
                    if name == "step":  # a tensor in torch's
                        self.state[p][name] = int(value)
                    elif isinstance(value, Tensor):  # which torch has cast to the dtype of p
                        wide = torch.promote_types(value.dtype, torch.float32)
                        self.state[p][name] = value.to(p.device, wide, copy=True)

    @staticmethod
    def update(
        p: Tensor,
        grad: Tensor,
        m: Tensor,
        v: Tensor,
        beta1: float,
        beta2: float,
        eps: float,
        step_size: float | Tensor,
        decay: float | Tensor | None,
    ) -> None:
        """Points 1, 3 and 4 of `step` for one parameter, whose tensors change in place.

        Such a step is bound by memory, so each line passes over as few tensors as it can. (One
        kernel that passes over them once is `training.compiled_step`.)
        """
        grad = grad.to(m.dtype)  # as it is, but for a parameter in half precision
        m.lerp_(grad, 1 - beta1)
        v.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        # The denominator is the one new tensor; dividing it by the step size needs no other.
        p.addcdiv_(m, v.sqrt().add_(eps).div_(step_size), value=-1)
        if decay is not None:
            p.mul_(1 - decay)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient, in place.

        For each, with gradient g, at its own step t = 1, 2, ...:

        1. the moments: m = beta1 m + (1 - beta1) g and v = beta2 v + (1 - beta2) g^2, both zero
           at first; they live in `self.state[p]` as `exp_avg` and `exp_avg_sq`, beside `step`
           (those of a parameter in half precision in float32: a small g^2 would be 0);
        2. the step size, with the bias of both moments folded into it (the efficient form):
           a = lr sqrt(1 - beta2^t) / (1 - beta1^t), or lr alone without `correct_bias`;
        3. p = p - a m / (sqrt(v) + eps);
        4. then the decay, of the new p, at the plain rate: p = p - lr weight_decay p. It touches
           neither gradient nor moments, which is what "decoupled" means.

        Args:
            closure: computes the loss again, with gradients; called first.

        Returns:
            What the closure returned, or None.

        Raises:
            RuntimeError: a gradient is sparse.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        # Before the first update: a refused step leaves every parameter as it was.
        if any(
            p.grad is not None and p.grad.is_sparse
            for group in self.param_groups
            for p in group["params"]
        ):
            raise RuntimeError("AdamW does not take sparse gradients; use SparseAdam")
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state["step"] = 0
                    wide = torch.promote_types(p.dtype, torch.float32)
                    state["exp_avg"] = torch.zeros_like(p, dtype=wide)
                    state["exp_avg_sq"] = torch.zeros_like(p, dtype=wide)
                state["step"] += 1
                step_size = group["lr"]
                if group["correct_bias"]:
                    t = state["step"]
                    step_size = step_size * math.sqrt(1 - beta2**t) / (1 - beta1**t)
                decay = group["lr"] * group["weight_decay"]
                m, v, eps = state["exp_avg"], state["exp_avg_sq"], group["eps"]
                self.update(p, p.grad, m, v, beta1, beta2, eps, step_size, decay or None)
        return loss


class SGD(Optimizer):
    """Stochastic gradient descent: p = p - lr g, or with a rate that falls as 1 / sqrt(t + 1)."""

    def __init__(self, params: Iterable[Any], lr: float = 1e-3, decaying: bool = False) -> None:
        """Take parameters, or groups of them as `torch.optim` does.

        Args:
            decaying: divide the rate by the root of t + 1 at a parameter's step t = 0, 1, ...

        Raises:
            ValueError: the rate is negative or no number.
        """
        if not 0.0 <= lr < float("inf"):
            raise ValueError(f"lr={lr}: must be a finite number of at least 0")
        super().__init__(params, {"lr": lr, "decaying": decaying})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient, in place.

        1. The rate is that of the parameter's group, `lr`; with the group's `decaying` it is
           lr / sqrt(t + 1) at the parameter's own step t = 0, 1, 2, ...;
        2. p = p - rate g. The gradient g itself stays as it is;
        3. t is kept as "step" in `self.state[p]`, which a checkpoint saves and loads.

        Args:
            closure: computes the loss again, with gradients; called first.

        Returns:
            What the closure returned, or None.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    t = self.state[p].setdefault("step", 0)
                    rate = group["lr"] / math.sqrt(t + 1) if group["decaying"] else group["lr"]
                    p.add_(p.grad, alpha=-rate)
                    self.state[p]["step"] = t + 1
        return loss
