"""Muon for the matrices of the layers, AdamW for the rest, as one optimizer.

Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/: a matrix's momentum is made
orthogonal before it is added, so that each of its directions moves as far. Embeddings, the output
and the norms are no maps between like spaces and stay with AdamW. The step is scaled to the root
mean square of AdamW's (Liu et al. 2025, https://arxiv.org/abs/2502.16982, section 2.2), so that
one learning rate serves both.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.optim import Optimizer

from llama import Llama
from optimizer import AdamW


class Muon(Optimizer):
    """`torch.optim.Muon` and the hand-written AdamW, side by side."""

    def __init__(
        self, model: Llama, lr: float, betas: tuple[float, float], weight_decay: float
    ) -> None:
        """Raises a ValueError where torch has no Muon."""
        if not hasattr(torch.optim, "Muon"):
            raise ValueError(f"optimizer=muon: needs torch 2.9, and this is {torch.__version__}")
        matrices = [p for p in model.layers.parameters() if p.ndim == 2]
        known = set(map(id, matrices))
        others = [p for p in model.parameters() if id(p) not in known]
        self.parts: list[Optimizer] = [
            torch.optim.Muon(
                matrices, lr=lr, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw"
            ),
            AdamW(others, lr=lr, betas=betas, weight_decay=weight_decay),
        ]
        self.param_groups = [group for part in self.parts for group in part.param_groups]

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        for part in self.parts:
            part.step()

    def zero_grad(self, set_to_none: bool = True) -> None:
        for part in self.parts:
            part.zero_grad(set_to_none)

    def state_dict(self) -> dict[str, Any]:
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        for part, state in zip(self.parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self.param_groups = [group for part in self.parts for group in part.param_groups]
