"""Written for the original course, as it is taught since 2026: pairs as complex numbers."""

from typing import Tuple

import torch


def apply_rotary_emb(
    query: torch.Tensor,
    key: torch.Tensor,
    head_dim: int,
    max_seq_len: int,
    theta: float = 10000.0,
) -> Tuple[torch.Tensor, torch.Tensor]:
    steps = torch.arange(max_seq_len, device=query.device).float()
    frequencies = 1.0 / theta ** (torch.arange(0, head_dim, 2).float() / head_dim)
    turns = torch.polar(torch.ones(max_seq_len, head_dim // 2), torch.outer(steps, frequencies))

    def turned(x):
        pairs = torch.view_as_complex(x.float().reshape(*x.shape[:-1], -1, 2))
        result = torch.view_as_real(pairs * turns[: x.shape[1], None])
        return result.flatten(3).type_as(x)

    return turned(query), turned(key)
