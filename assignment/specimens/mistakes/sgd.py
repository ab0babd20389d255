"""Classic mistakes in sgd; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def step(self, closure=None):
    loss = None
    if closure is not None:
        with torch.enable_grad():
            loss = closure()
    for group in self.param_groups:
        lr = group["lr"]
        for p in group["params"]:
            if p.grad is None:
                continue
            state = self.state[p]
            t = state.get("step", 0)
            rate = lr
            if group["decaying"]:
                rate = lr / math.sqrt(t + 1)
            p.data -= rate * p.grad.data
            state["step"] = t + 1
    return loss


# === ascends: adds the step instead of subtracting it, and climbs
# - p.data -= rate * p.grad.data
# + p.data += rate * p.grad.data

# === without_rate: steps by the whole gradient, without a rate
# - p.data -= rate * p.grad.data
# + p.data -= p.grad.data

# === sign_alone: takes the sign of the gradient
# - p.data -= rate * p.grad.data
# + p.data -= rate * p.grad.data.sign()

# === normalised: divides the gradient by its norm
# - p.data -= rate * p.grad.data
# + p.data -= rate * p.grad.data / p.grad.data.norm()

# === replaced: sets the parameter to the step instead of moving it by that
# - p.data -= rate * p.grad.data
# + p.data = -rate * p.grad.data

# === lost: computes the new parameter and does not store it
# - p.data -= rate * p.grad.data
# + p = p.data - rate * p.grad.data

# === never_decays: never lets the rate fall (or does not count the steps, so that t stays at 0)
# - if group["decaying"]:
# -     rate = lr / math.sqrt(t + 1)

# === always_decays: lets the rate fall although `decaying` is off
# - if group["decaying"]:
# -     rate = lr / math.sqrt(t + 1)
# + rate = lr / math.sqrt(t + 1)

# === the_other_way: lets the rate fall where `decaying` is off, and not where it is on
# - if group["decaying"]:
# + if not group["decaying"]:

# === without_the_root: divides by t + 1 and not by its root
# - rate = lr / math.sqrt(t + 1)
# + rate = lr / (t + 1)

# === multiplies: multiplies by the root of t + 1, so that the rate grows
# - rate = lr / math.sqrt(t + 1)
# + rate = lr * math.sqrt(t + 1)

# === squares: divides by the square of t + 1
# - rate = lr / math.sqrt(t + 1)
# + rate = lr / (t + 1) ** 2

# === from_two: divides by the root of t + 2 (or counts the steps before it uses them)
# - rate = lr / math.sqrt(t + 1)
# + rate = lr / math.sqrt(t + 2)

# === from_zero: divides by the root of t, which is 0 at the first step
# - rate = lr / math.sqrt(t + 1)
# + rate = lr / math.sqrt(t)

# === root_of_t_and_one: divides by the root of t, plus 1 outside
# - rate = lr / math.sqrt(t + 1)
# + rate = lr / (math.sqrt(t) + 1)

# === falls_for_good: lets the group's own rate fall, again at each parameter
# - rate = lr / math.sqrt(t + 1)
# + group["lr"] = rate = group["lr"] / math.sqrt(t + 1)

# === counted_by_the_optimizer: keeps t in the optimizer itself, which neither saves nor loads it
# - t = state.get("step", 0)
# + counts = self.__dict__.setdefault("counts", {})
# + t = counts.get(p, 0)
# - state["step"] = t + 1
# + counts[p] = t + 1

# === counted_for_all: counts one t for all parameters at once, which a checkpoint loses
# - state = self.state[p]
# - t = state.get("step", 0)
# + t = self.__dict__.get("t", 0)
# - state["step"] = t + 1
# - return loss
# + self.t = self.__dict__.get("t", 0) + 1
# + return loss

# === shared_by_all: shares one t between all parameters, and counts it at each of them
# - state = self.state[p]
# + state = self.state[self.param_groups[0]["params"][0]]

# === shared_by_the_group: shares one t between the parameters of a group, and counts it at each of them
# - state = self.state[p]
# + state = self.state[group["params"][0]]

# === counts_the_idle: counts a step for a parameter that has no gradient, too
# - if p.grad is None:
# -     continue
# - state = self.state[p]
# - t = state.get("step", 0)
# + state = self.state[p]
# + t = state.get("step", 0)
# + if p.grad is None:
# +     state["step"] = t + 1
# +     continue

# === asks_none: does not skip a parameter without a gradient
# - if p.grad is None:
# -     continue

# === stops_at_none: ends its loop at a parameter without a gradient instead of going on with the next
# - if p.grad is None:
# -     continue
# + if p.grad is None:
# +     break

# === returns_at_none: returns at a parameter without a gradient
# - if p.grad is None:
# -     continue
# + if p.grad is None:
# +     return loss

# === first_group_only: steps in the first group only
# - for group in self.param_groups:
# + for group in self.param_groups[:1]:

# === settings_of_the_first: takes the settings of the first group for all
# - lr = group["lr"]
# + lr = self.param_groups[0]["lr"]
# - if group["decaying"]:
# + if self.param_groups[0]["decaying"]:

# === default_rate: takes the optimizer's default rate instead of that of the group
# - lr = group["lr"]
# + lr = self.defaults["lr"]

# === rate_of_the_first: takes the rate of the first group for all, though not its `decaying`
# - lr = group["lr"]
# + lr = self.param_groups[0]["lr"]

# === rate_of_the_start: keeps the rate of the first step, and does not see that it is changed
# - lr = group["lr"]
# + lr = group.setdefault("first_lr", group["lr"])

# === momentum: adds up old gradients, as momentum does
# - p.data -= rate * p.grad.data
# + state["sum"] = 0.9 * state.get("sum", 0) + p.grad.data
# + p.data -= rate * state["sum"]

# === decays_weights: makes the weights smaller as well, as weight decay does
# - p.data -= rate * p.grad.data
# + p.data -= rate * (p.grad.data + 0.1 * p.data)

# === scales_the_gradient: multiplies the gradient by the rate in place, and so changes it
# - p.data -= rate * p.grad.data
# + p.data -= p.grad.data.mul_(rate)

# === clears_the_gradient: sets the gradient to zero, which is the business of zero_grad
# - p.data -= rate * p.grad.data
# + p.data -= rate * p.grad.data
# + p.grad.zero_()

# === ignores_the_closure: does not call the closure
# - loss = closure()
# + pass

# === forgets_the_loss: calls the closure and does not return the loss
# - return loss

# === closure_twice: calls the closure twice
# - loss = closure()
# + closure()
# + loss = closure()

# === closure_at_the_end: calls the closure after the step instead of before it
# - if closure is not None:
# -     with torch.enable_grad():
# -         loss = closure()
# + pass
# - return loss
# + if closure is not None:
# +     with torch.enable_grad():
# +         loss = closure()
# + return loss
