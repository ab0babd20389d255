"""Written for the original course, as its first year has it: pairs one by one, in real numbers."""

from typing import Tuple

import torch


def apply_rotary_emb(
    query: torch.Tensor,
    key: torch.Tensor,
    head_dim: int,
    max_seq_len: int,
    theta: float = 10000.0,
) -> Tuple[torch.Tensor, torch.Tensor]:
    exponents = torch.arange(0, head_dim, 2, device=query.device).float() / head_dim
    steps = torch.arange(query.shape[1], device=query.device).float()
    angles = torch.outer(steps, theta**-exponents)[None, :, None]

    def turned(x):
        a, b = x.float()[..., 0::2], x.float()[..., 1::2]
        pair = (a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos())
        return torch.stack(pair, dim=-1).flatten(-2).type_as(x)

    return turned(query), turned(key)
