"""Honest ways to write schedule; `assignment/specimens/__init__.py` has the format."""


# === chained: asks from the end to the beginning
def cosine_schedule(step, max_lr, min_lr, warmup_steps, cycle_steps):
    for number in (step, max_lr, min_lr, warmup_steps):
        if number < 0:
            raise ValueError("negative")
    if cycle_steps < warmup_steps:
        raise ValueError("the warm-up is longer than the cycle")
    if step >= cycle_steps and step >= warmup_steps:
        return min_lr
    elif step >= warmup_steps:
        angle = (step - warmup_steps) / (cycle_steps - warmup_steps) * math.pi
        return 0.5 * (1 + math.cos(angle)) * (max_lr - min_lr) + min_lr
    else:
        return step / warmup_steps * max_lr


# === squared: takes the square of the cosine of half the angle
def cosine_schedule(step, max_lr, min_lr, warmup_steps, cycle_steps):
    if warmup_steps > cycle_steps or min(step, max_lr, min_lr, warmup_steps) < 0:
        raise ValueError(f"{step}, {max_lr}, {min_lr}, {warmup_steps}, {cycle_steps}")
    if step < warmup_steps:
        return max_lr * (step / warmup_steps)
    way = cycle_steps - warmup_steps
    done = min(1.0, (step - warmup_steps) / way) if way else 1.0
    share = math.cos(done * math.pi / 2) ** 2
    return share * max_lr + (1 - share) * min_lr


# === middle: swings about the middle of the two rates
def cosine_schedule(step, max_lr, min_lr, warmup_steps, cycle_steps):
    if not (0 <= step and 0 <= max_lr and 0 <= min_lr and 0 <= warmup_steps <= cycle_steps):
        raise ValueError("out of range")
    if step < warmup_steps:
        return step * max_lr / warmup_steps
    if step < cycle_steps:
        middle, swing = (max_lr + min_lr) / 2, (max_lr - min_lr) / 2
        turn = (step - warmup_steps) / (cycle_steps - warmup_steps)
        return middle + swing * math.cos(turn * math.pi)
    return min_lr
