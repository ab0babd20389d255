"""Classic mistakes in schedule; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def cosine_schedule(step, max_lr, min_lr, warmup_steps, cycle_steps):
    if min(step, max_lr, min_lr, warmup_steps) < 0 or warmup_steps > cycle_steps:
        raise ValueError("none may be negative, nor the warm-up longer than the cycle")
    if step < warmup_steps:
        return max_lr * step / warmup_steps
    if step >= cycle_steps:
        return min_lr
    done = (step - warmup_steps) / (cycle_steps - warmup_steps)
    share = 0.5 * (1 + math.cos(math.pi * done))
    return min_lr + share * (max_lr - min_lr)


# === begins_at_one: counts the steps of the warm-up from 1, so that it begins above 0
# - return max_lr * step / warmup_steps
# + return max_lr * (step + 1) / warmup_steps

# === one_step_longer: divides by one step more in the warm-up, which then ends below the maximum
# - return max_lr * step / warmup_steps
# + return max_lr * step / (warmup_steps + 1)

# === one_step_ahead: is one step ahead everywhere
# - if step < warmup_steps:
# + step = step + 1
# + if step < warmup_steps:

# === one_step_behind: is one step behind everywhere
# - if step < warmup_steps:
# + step = max(0, step - 1)
# + if step < warmup_steps:

# === from_the_floor: begins the warm-up at the floor instead of 0
# - return max_lr * step / warmup_steps
# + return min_lr + (max_lr - min_lr) * step / warmup_steps

# === warms_up_to_the_floor: warms up to the floor instead of the maximum
# - return max_lr * step / warmup_steps
# + return min_lr * step / warmup_steps

# === no_warm_up: has the maximum during the warm-up
# - return max_lr * step / warmup_steps
# + return max_lr

# === idle_warm_up: has a rate of 0 during the warm-up (or divides whole numbers there)
# - return max_lr * step / warmup_steps
# + return 0.0

# === floor_in_the_warm_up: never falls below the floor, in the warm-up either
# - return max_lr * step / warmup_steps
# + return max(min_lr, max_lr * step / warmup_steps)

# === curved_warm_up: warms up along a cosine instead of a line
# - return max_lr * step / warmup_steps
# + return max_lr * 0.5 * (1 - math.cos(math.pi * step / warmup_steps))

# === warm_up_included: divides by zero, in a warm-up without steps
# - if step < warmup_steps:
# + if step <= warmup_steps:

# === no_floor: falls to 0 along the cosine instead of the floor
# - return min_lr + share * (max_lr - min_lr)
# + return share * max_lr

# === floor_on_top: adds the floor to the whole maximum
# - return min_lr + share * (max_lr - min_lr)
# + return min_lr + share * max_lr

# === cut_at_the_floor: falls to 0 along the cosine, cut off at the floor
# - return min_lr + share * (max_lr - min_lr)
# + return max(min_lr, share * max_lr)

# === zero_afterwards: falls to 0 after the cycle
# - if step >= cycle_steps:
# -     return min_lr
# + if step >= cycle_steps:
# +     return 0.0

# === maximum_afterwards: goes back to the maximum after the cycle
# - if step >= cycle_steps:
# -     return min_lr
# + if step >= cycle_steps:
# +     return max_lr

# === rises_again: goes on along the cosine after the cycle, up again
# - if step >= cycle_steps:
# -     return min_lr
# - done = (step - warmup_steps) / (cycle_steps - warmup_steps)
# + done = (step - warmup_steps) / max(1, cycle_steps - warmup_steps)

# === begins_anew: begins a new cycle when one is over
# - if step >= cycle_steps:
# -     return min_lr
# - done = (step - warmup_steps) / (cycle_steps - warmup_steps)
# + length = max(1, cycle_steps - warmup_steps)
# + done = (step - warmup_steps) % length / length

# === end_excluded: divides by zero where the warm-up takes the whole cycle
# - if step >= cycle_steps:
# + if step > cycle_steps:

# === warm_up_in_the_cosine: counts the cosine from step 0, so that it has fallen already when the warm-up ends
# - done = (step - warmup_steps) / (cycle_steps - warmup_steps)
# + done = step / cycle_steps

# === warm_up_on_top: has the cosine take the whole cycle after the warm-up, and cuts it off
# - done = (step - warmup_steps) / (cycle_steps - warmup_steps)
# + done = (step - warmup_steps) / cycle_steps

# === end_after_the_warm_up: lets the cycle begin after the warm-up, so that the floor comes later
# - if step >= cycle_steps:
# + if step >= warmup_steps + cycle_steps:
# - done = (step - warmup_steps) / (cycle_steps - warmup_steps)
# + done = (step - warmup_steps) / cycle_steps

# === reaches_the_floor_early: has the floor at the last step of the cycle already
# - done = (step - warmup_steps) / (cycle_steps - warmup_steps)
# + done = (step - warmup_steps) / max(1, cycle_steps - 1 - warmup_steps)

# === falls_in_a_line: falls in a line instead of along a cosine
# - share = 0.5 * (1 + math.cos(math.pi * done))
# + share = 1 - done

# === quarter: falls along a quarter of the cosine instead of half of it
# - share = 0.5 * (1 + math.cos(math.pi * done))
# + share = math.cos(math.pi * done / 2)

# === without_half: forgets the half, and begins at nearly twice the maximum
# - share = 0.5 * (1 + math.cos(math.pi * done))
# + share = 1 + math.cos(math.pi * done)

# === without_pi: forgets pi in the cosine
# - share = 0.5 * (1 + math.cos(math.pi * done))
# + share = 0.5 * (1 + math.cos(done))

# === two_pi: takes a whole turn of the cosine, down and up again
# - share = 0.5 * (1 + math.cos(math.pi * done))
# + share = 0.5 * (1 + math.cos(2 * math.pi * done))

# === degrees: takes the angle in degrees
# - share = 0.5 * (1 + math.cos(math.pi * done))
# + share = 0.5 * (1 + math.cos(180 * done))

# === minus: has the wrong sign at the cosine, and goes up from the floor
# - share = 0.5 * (1 + math.cos(math.pi * done))
# + share = 0.5 * (1 - math.cos(math.pi * done))

# === sine: takes a sine for the cosine
# - share = 0.5 * (1 + math.cos(math.pi * done))
# + share = 0.5 * (1 + math.sin(math.pi * done))

# === exponential: falls by a constant factor instead of along a cosine
# - return min_lr + share * (max_lr - min_lr)
# + return max_lr * (max(min_lr, 1e-8) / max_lr) ** done

# === refuses_nothing: takes a warm-up longer than the cycle, which is to be a ValueError
# - if min(step, max_lr, min_lr, warmup_steps) < 0 or warmup_steps > cycle_steps:
# -     raise ValueError("none may be negative, nor the warm-up longer than the cycle")
