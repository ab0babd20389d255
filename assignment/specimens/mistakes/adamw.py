"""Classic mistakes in adamw; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def step(self, closure=None):
    loss = None
    if closure is not None:
        with torch.enable_grad():
            loss = closure()
    for group in self.param_groups:
        beta1, beta2 = group["betas"]
        for p in group["params"]:
            if p.grad is None:
                continue
            if p.grad.is_sparse:
                raise RuntimeError("sparse gradients are not supported")
            g = p.grad.clone()
            state = self.state[p]
            if not state:
                state["step"] = 0
                state["exp_avg"] = torch.zeros_like(p)
                state["exp_avg_sq"] = torch.zeros_like(p)
            state["step"] += 1
            t = state["step"]
            m = state["exp_avg"].mul_(beta1).add_(g, alpha=1 - beta1)
            v = state["exp_avg_sq"].mul_(beta2).addcmul_(g, g, value=1 - beta2)
            step_size = group["lr"]
            if group["correct_bias"]:
                step_size *= math.sqrt(1 - beta2**t) / (1 - beta1**t)
            p.data -= step_size * m / (v.sqrt() + group["eps"])
            p.data -= group["lr"] * group["weight_decay"] * p.data
    return loss


# === always_corrects: corrects the bias although correct_bias is off
# - if group["correct_bias"]:
# -     step_size *= math.sqrt(1 - beta2**t) / (1 - beta1**t)
# + step_size *= math.sqrt(1 - beta2**t) / (1 - beta1**t)

# === coupled_decay: adds the decay to the gradient (L2, as Adam had it) instead of decoupling it
# - g = p.grad.clone()
# + g = p.grad + group["weight_decay"] * p.data
# - p.data -= group["lr"] * group["weight_decay"] * p.data

# === decay_at_the_corrected_rate: scales the decay by the bias-corrected step size instead of lr
# - p.data -= group["lr"] * group["weight_decay"] * p.data
# + p.data -= step_size * group["weight_decay"] * p.data

# === decay_first: decays before the step instead of after it
# - p.data -= step_size * m / (v.sqrt() + group["eps"])
# - p.data -= group["lr"] * group["weight_decay"] * p.data
# + p.data -= group["lr"] * group["weight_decay"] * p.data
# + p.data -= step_size * m / (v.sqrt() + group["eps"])

# === decay_with_the_wrong_sign: lets the weights grow instead of decaying them
# - p.data -= group["lr"] * group["weight_decay"] * p.data
# + p.data += group["lr"] * group["weight_decay"] * p.data

# === decay_without_lr: does not multiply the decay by lr
# - p.data -= group["lr"] * group["weight_decay"] * p.data
# + p.data -= group["weight_decay"] * p.data

# === eps_after_correction: corrects the second moment before it adds eps, which is the other form
# - p.data -= step_size * m / (v.sqrt() + group["eps"])
# + correction = math.sqrt(1 - beta2**t) if group["correct_bias"] else 1.0
# + p.data -= step_size / correction * m / (v.sqrt() / correction + group["eps"])

# === eps_inside_the_root: adds eps inside the root
# - p.data -= step_size * m / (v.sqrt() + group["eps"])
# + p.data -= step_size * m / (v + group["eps"]).sqrt()


# === first_group_for_all: uses the settings of the first group for all
# - for group in self.param_groups:
# + for group in [{**self.param_groups[0], "params": g["params"]} for g in self.param_groups]:

# === gradient_not_squared: takes the mean of the gradient instead of its square as second moment
# - v = state["exp_avg_sq"].mul_(beta2).addcmul_(g, g, value=1 - beta2)
# + v = state["exp_avg_sq"].mul_(beta2).add_(g.abs(), alpha=1 - beta2)

# === never_corrects: leaves the bias correction out
# - if group["correct_bias"]:
# -     step_size *= math.sqrt(1 - beta2**t) / (1 - beta1**t)

# === shared_state: shares the moments between all parameters
# - state = self.state[p]
# + state = self.state[self.param_groups[0]["params"][0]]

# === steps_from_zero: counts the steps from 0 in the bias correction
# - t = state["step"]
# + t = max(1, state["step"] - 1)

# === swapped_betas: swaps the two betas
# - beta1, beta2 = group["betas"]
# + beta2, beta1 = group["betas"]

# === without_decay: forgets the weight decay
# - p.data -= group["lr"] * group["weight_decay"] * p.data
