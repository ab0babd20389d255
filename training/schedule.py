"""The learning rate over a run: up in a line, down along half a cosine, then level."""

from __future__ import annotations

import math


def cosine_schedule(
    step: int, max_lr: float, min_lr: float, warmup_steps: int, cycle_steps: int
) -> float:
    """The learning rate at a step, counted from 0.

        max_lr        /\\
                     /  `-.
                    /      `-.
        min_lr     /          `--________
               0 --+--+---------+-------> step
                      warmup    cycle

    1. Before `warmup_steps`: in a line from 0 to `max_lr`, for moments that are still unsure.
    2. From there to `cycle_steps`: half a cosine from `max_lr` down to `min_lr`.
    3. Afterwards: `min_lr`.

    Loshchilov and Hutter 2016, https://arxiv.org/abs/1608.03983, equation 5, with one cycle; the
    warm-up and the level end are those of LLaMA (Touvron et al. 2023, section 2.3).

    Raises:
        ValueError: a number is negative, or the warm-up is longer than the cycle.
    """
    if min(step, max_lr, min_lr, warmup_steps) < 0 or warmup_steps > cycle_steps:
        raise ValueError(
            f"step={step}, max_lr={max_lr}, min_lr={min_lr}, warmup_steps={warmup_steps}, "
            f"cycle_steps={cycle_steps}: none may be negative, nor the warm-up exceed the cycle"
        )
    if step < warmup_steps:
        return max_lr * step / warmup_steps
    if step >= cycle_steps:
        return min_lr
    done = (step - warmup_steps) / (cycle_steps - warmup_steps)  # 0 .. 1
    return min_lr + (max_lr - min_lr) * (1 + math.cos(math.pi * done)) / 2
