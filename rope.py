"""Rotary position embeddings (RoPE): a token's position as a rotation of its query and key.

RoFormer, Su et al. 2021, https://arxiv.org/abs/2104.09864, section 3.2.2, equations 14 to 16.
The dot product of a rotated query and a rotated key depends on the distance between the two
positions and not on the positions themselves; that is the whole point.

Which numbers of a head pair up, and turn together (D = 8; the same letter is the same pair):

    number                        0  1  2  3  4  5  6  7
    here, and in Meta's files     a  a  b  b  c  c  d  d     neighbours
    in Hugging Face's             a  b  c  d  a  b  c  d     i with i + D/2

Pair a turns fastest, one radian a position, pair d slowest. A checkpoint of the second kind comes
with the rows of its query and key matrices in that other order: not with another rotation.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from config import RopeScaling


def rotary_angles(positions: Tensor, head_dim: int, theta: float, dtype: torch.dtype,
                  scaling: RopeScaling | None = None) -> Tensor:  # fmt: skip
    """(..., T) positions to (..., T, 1, D/2) angles in radians, the same for all heads.

    Pair i turns by theta ** (-2i / D) per position (equation 15), so its angle is that times the
    position.
    """
    pairs = torch.arange(0, head_dim, 2, device=positions.device, dtype=dtype)  # 0, 2, ... is 2i
    frequencies = theta ** (-pairs / head_dim)  # (D/2,) radians per position
    if scaling is not None:
        frequencies = scale_frequencies(frequencies, scaling)
    return positions.to(dtype)[..., None, None] * frequencies


def scale_frequencies(frequencies: Tensor, scaling: RopeScaling) -> Tensor:
    """Lower (D/2,) frequencies, so that a longer context has no angles that are new to a model.

    linear: all of them are divided (Chen et al. 2023, https://arxiv.org/abs/2306.15595).
    llama3: a fast pair, which turned often in the old context, stays; a slow one is divided, since
        it would reach angles that were never trained on; between the two, a mixture (Llama 3.1,
        Grattafiori et al. 2024, https://arxiv.org/abs/2407.21783, whose code has the rule).
    factors: each is divided by its own.
    """
    if scaling.kind == "factors":
        return frequencies / frequencies.new_tensor(scaling.factors)
    slowed = frequencies / scaling.factor
    if scaling.kind == "linear":
        return slowed
    turns = scaling.original_max_seq_len * frequencies / (2 * math.pi)  # in the old context
    low, high = scaling.low_freq_factor, scaling.high_freq_factor
    kept = ((turns - low) / (high - low)).clamp(0, 1)  # the share that stays as it was
    return kept * frequencies + (1 - kept) * slowed


def rotate_pairs(x: Tensor, angles: Tensor) -> Tensor:
    """Rotate the pairs (0, 1), (2, 3), ... of the last axis of `x` by `angles`.

    Equation 34 of the paper without its sparse matrix: (a, b) becomes
    (a cos - b sin, a sin + b cos).

    Args:
        x: (B, T, heads, D).
        angles: (T, 1, D/2) or (B, T, 1, D/2), radians.
    """
    cos, sin = angles.cos(), angles.sin()
    a, b = x[..., 0::2], x[..., 1::2]  # (B, T, heads, D/2)
    # The product is taken in the angles' precision and rounded once, on the way out.
    return torch.stack((a * cos - b * sin, a * sin + b * cos), dim=-1).flatten(-2).type_as(x)


def apply_rotary_emb(
    query: Tensor,
    key: Tensor,
    head_dim: int,
    max_seq_len: int,
    theta: float = 10000.0,
    positions: Tensor | None = None,
    scaling: RopeScaling | None = None,
) -> tuple[Tensor, Tensor]:
    """Rotate queries and keys by an angle that grows with their position.

    1. Pair i of a head turns by theta ** (-2i / D) radians per position (equation 15): the
       first pair fast, the last one slowly.
    2. A token's angles are its position times these frequencies. Compute them in float32 at
       least: bfloat16 cannot tell position 257 from 256.
    3. Neighbours (0, 1), (2, 3), ... form the pairs (the picture is at the head of this file).

    Args:
        query: (B, T, H, D).
        key: (B, T, KV, D); KV may be smaller than H.
        head_dim: D, even.
        max_seq_len: the longest context in tokens; T may not exceed it.
        theta: base of the wavelengths.
        positions: (T,) or (B, T) integers; None means 0 .. T-1.
        scaling: of the frequencies; see `scale_frequencies`. The course's models have none.

    Returns:
        The rotated query and key, in the shapes and dtypes they came in.

    Raises:
        ValueError: T exceeds max_seq_len, or head_dim is odd or not the last axis of the input.
            (For callers; the course's checks do not ask for it.)
    """
    T = query.shape[1]
    if head_dim % 2 or query.shape[-1] != head_dim or key.shape[-1] != head_dim:
        raise ValueError(
            f"head_dim={head_dim}: must be even and equal to the last axis of query "
            f"({query.shape[-1]}) and key ({key.shape[-1]})"
        )
    if T > max_seq_len:
        raise ValueError(f"{T} tokens exceed max_seq_len={max_seq_len}: shorten the input")
    dtype = torch.promote_types(query.dtype, torch.float32)
    if positions is None:
        positions = torch.arange(T, device=query.device)
    angles = rotary_angles(positions, head_dim, theta, dtype, scaling)
    return rotate_pairs(query, angles), rotate_pairs(key, angles)
