"""Written for the original course, as it is taught since 2025: it clips, and corrects both moments."""

from typing import Callable, Iterable, Tuple

import torch
from torch.optim import Optimizer


class AdamW(Optimizer):
    def __init__(
        self,
        params: Iterable[torch.nn.parameter.Parameter],
        lr: float = 1e-3,
        betas: Tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        correct_bias: bool = True,
        max_grad_norm: float = None,
    ):
        names = dict(
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            correct_bias=correct_bias,
            max_grad_norm=max_grad_norm,
        )
        super().__init__(params, names)

    def step(self, closure: Callable = None):
        loss = None if closure is None else closure()
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            if group["max_grad_norm"] is not None:
                torch.nn.utils.clip_grad_norm_(group["params"], group["max_grad_norm"])
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state["t"] = 0
                    state["m"], state["v"] = torch.zeros_like(p.data), torch.zeros_like(p.data)
                state["t"] += 1
                state["m"] = beta1 * state["m"] + (1 - beta1) * p.grad.data
                state["v"] = beta2 * state["v"] + (1 - beta2) * p.grad.data**2
                m, v = state["m"], state["v"]
                if group["correct_bias"]:
                    m = m / (1 - beta1 ** state["t"])
                    v = v / (1 - beta2 ** state["t"])
                p.data -= group["lr"] * m / (v.sqrt() + group["eps"])
                p.data -= group["lr"] * group["weight_decay"] * p.data
        return loss
