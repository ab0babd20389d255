"""Classic mistakes in adamw; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def step(self, closure=None):
    loss = None
    if closure is not None:
        with torch.enable_grad():
            loss = closure()
    for group in self.param_groups:
        beta1, beta2 = group["betas"]
        lr, eps, decay = group["lr"], group["eps"], group["weight_decay"]
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
            m, v = state["exp_avg"], state["exp_avg_sq"]
            state["step"] += 1
            t = state["step"]
            m.mul_(beta1).add_(g, alpha=1 - beta1)
            v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
            step_size = lr
            if group["correct_bias"]:
                step_size *= math.sqrt(1 - beta2**t) / (1 - beta1**t)
            p.data -= step_size * m / (v.sqrt() + eps)
            p.data -= lr * decay * p.data
    return loss


# === always_corrects: corrects the bias although correct_bias is off
# - if group["correct_bias"]:
# -     step_size *= math.sqrt(1 - beta2**t) / (1 - beta1**t)
# + step_size *= math.sqrt(1 - beta2**t) / (1 - beta1**t)

# === amsgrad: divides by the greatest second moment so far, which is AMSGrad
# - p.data -= step_size * m / (v.sqrt() + eps)
# + state["greatest"] = torch.maximum(state.get("greatest", v), v)
# + p.data -= step_size * m / (state["greatest"].sqrt() + eps)

# === asks_none: does not skip a parameter without a gradient
# - if p.grad is None:
# -     continue

# === none_is_zero: takes a missing gradient for zeros instead of skipping the parameter
# - if p.grad is None:
# -     continue
# - if p.grad.is_sparse:
# + g = torch.zeros_like(p) if p.grad is None else p.grad.clone()
# + if g.is_sparse:
# - g = p.grad.clone()

# === stops_at_none: ends its loop at a parameter without a gradient instead of going on with the next
# - if p.grad is None:
# -     continue
# + if p.grad is None:
# +     break


# === ascends: adds the step instead of subtracting it, and climbs
# - p.data -= step_size * m / (v.sqrt() + eps)
# + p.data += step_size * m / (v.sqrt() + eps)

# === adagrad: adds up the squares instead of averaging them, as Adagrad does
# - v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
# + v.addcmul_(g, g)

# === beta_times_t: multiplies beta by t in the bias correction instead of raising it to t
# - step_size *= math.sqrt(1 - beta2**t) / (1 - beta1**t)
# + step_size *= math.sqrt(abs(1 - beta2 * t)) / (1 - beta1 * t)

# === beta_without_t: takes 1 - beta in the bias correction instead of 1 - beta^t (or t is always 1)
# - step_size *= math.sqrt(1 - beta2**t) / (1 - beta1**t)
# + step_size *= math.sqrt(1 - beta2) / (1 - beta1)

# === bias_of_1_minus_beta: raises 1 - beta to t in the bias correction instead of beta
# - step_size *= math.sqrt(1 - beta2**t) / (1 - beta1**t)
# + step_size *= math.sqrt((1 - beta2) ** t) / (1 - beta1) ** t

# === both_moments_beta1: uses beta1 for both moments
# - v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
# + v.mul_(beta1).addcmul_(g, g, value=1 - beta1)

# === both_moments_beta2: uses beta2 for both moments
# - m.mul_(beta1).add_(g, alpha=1 - beta1)
# + m.mul_(beta2).add_(g, alpha=1 - beta2)

# === beta1_throughout: uses beta1 in the place of beta2 throughout
# - beta1, beta2 = group["betas"]
# + beta1 = beta2 = group["betas"][0]

# === beta2_throughout: uses beta2 in the place of beta1 throughout
# - beta1, beta2 = group["betas"]
# + beta1 = beta2 = group["betas"][1]

# === changes_the_gradient: changes the gradient in place (though what becomes of the parameters is right)
# - v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
# + v.mul_(beta2).add_(p.grad.mul_(p.grad), alpha=1 - beta2)

# === changes_lr: stores the corrected step size in group["lr"], so that it builds up from step to step
# - step_size *= math.sqrt(1 - beta2**t) / (1 - beta1**t)
# + step_size *= math.sqrt(1 - beta2**t) / (1 - beta1**t)
# + group["lr"] = step_size

# === clears_the_gradient: sets the gradients to zero, which zero_grad does
# - p.data -= lr * decay * p.data
# + p.data -= lr * decay * p.data
# + p.grad.zero_()

# === closure_ignored: never calls the closure
# - if closure is not None:
# -     with torch.enable_grad():
# -         loss = closure()

# === closure_last: calls the closure after the update instead of before
# - return loss
# + if closure is not None:
# +     with torch.enable_grad():
# +         return closure()
# - loss = None
# - if closure is not None:
# -     with torch.enable_grad():
# -         loss = closure()

# === closure_twice: calls the closure twice
# - loss = closure()
# + closure()
# + loss = closure()


# === closure_without_gradients: calls the closure without gradients (torch.enable_grad is missing)
# - loss = closure()
# + with torch.no_grad():
# +     loss = closure()

# === corrected_moments_kept: stores the corrected moments in the state, so that they are corrected again and again
# - step_size = lr
# - if group["correct_bias"]:
# -     step_size *= math.sqrt(1 - beta2**t) / (1 - beta1**t)
# - p.data -= step_size * m / (v.sqrt() + eps)
# + if group["correct_bias"]:
# +     m /= 1 - beta1**t
# +     v /= 1 - beta2**t
# + p.data -= lr * m / (v.sqrt() + eps)

# === corrects_the_first_only: corrects the bias of the first moment only
# - step_size *= math.sqrt(1 - beta2**t) / (1 - beta1**t)
# + step_size *= 1 / (1 - beta1**t)

# === corrects_the_second_only: corrects the bias of the second moment only
# - step_size *= math.sqrt(1 - beta2**t) / (1 - beta1**t)
# + step_size *= math.sqrt(1 - beta2**t)

# === corrects_the_wrong_way: multiplies where the bias correction divides (the fraction is upside down)
# - step_size *= math.sqrt(1 - beta2**t) / (1 - beta1**t)
# + step_size *= (1 - beta1**t) / math.sqrt(1 - beta2**t)

# === corrects_with_a_root_of_both: takes the root of the whole fraction in the bias correction
# - step_size *= math.sqrt(1 - beta2**t) / (1 - beta1**t)
# + step_size *= math.sqrt((1 - beta2**t) / (1 - beta1**t))

# === corrects_with_the_root_below: takes the root of 1 - beta1^t in the bias correction instead of 1 - beta2^t
# - step_size *= math.sqrt(1 - beta2**t) / (1 - beta1**t)
# + step_size *= (1 - beta2**t) / math.sqrt(1 - beta1**t)

# === corrects_without_the_root: leaves the root out of the bias correction
# - step_size *= math.sqrt(1 - beta2**t) / (1 - beta1**t)
# + step_size *= (1 - beta2**t) / (1 - beta1**t)

# === corrects_with_swapped_betas: swaps the betas in the bias correction
# - step_size *= math.sqrt(1 - beta2**t) / (1 - beta1**t)
# + step_size *= math.sqrt(1 - beta1**t) / (1 - beta2**t)

# === correct_bias_inverted: corrects the bias where correct_bias is off, and not where it is on
# - if group["correct_bias"]:
# + if not group["correct_bias"]:

# === counts_every_parameter: counts a step for each parameter that it comes to, one number for all
# - state["step"] += 1
# - t = state["step"]
# + state["step"] += 1
# + self.state["steps"]["step"] = t = self.state["steps"].get("step", 0) + 1

# === counts_for_the_group: counts a step of the group for each of its parameters
# - state["step"] += 1
# - t = state["step"]
# + state["step"] += 1
# + group["step"] = t = group.get("step", 0) + 1

# === counts_calls: counts the calls of step for all parameters together, those without a gradient included
# - loss = None
# + loss = None
# + self.state["steps"]["step"] = self.state["steps"].get("step", 0) + 1
# - t = state["step"]
# + t = self.state["steps"]["step"]

# === coupled_decay: adds the decay to the gradient (L2, as Adam had it) instead of decoupling it
# - g = p.grad.clone()
# + g = p.grad + decay * p.data
# - p.data -= lr * decay * p.data

# === coupled_decay_as_torch: is torch's Adam with L2: the decay is in the gradient, and eps is added to the corrected root
# - g = p.grad.clone()
# + g = p.grad + decay * p.data
# - p.data -= step_size * m / (v.sqrt() + eps)
# - p.data -= lr * decay * p.data
# + correction = math.sqrt(1 - beta2**t) if group["correct_bias"] else 1.0
# + p.data -= step_size / correction * m / (v.sqrt() / correction + eps)

# === coupled_decay_in_place: adds the decay to the gradient (L2, as Adam had it), and in place, which changes the gradient
# - g = p.grad.clone()
# + g = p.grad.add_(decay * p.data)
# - p.data -= lr * decay * p.data

# === coupled_and_decoupled: decays twice: through the gradient (L2) and beside it
# - g = p.grad.clone()
# + g = p.grad + decay * p.data

# === decay_at_the_corrected_rate: scales the decay by the bias-corrected step size instead of lr
# - p.data -= lr * decay * p.data
# + p.data -= step_size * decay * p.data

# === decay_at_the_corrected_rate_of_the_old: decays the old p along with the step, all at the bias-corrected step size
# - p.data -= step_size * m / (v.sqrt() + eps)
# - p.data -= lr * decay * p.data
# + p.data -= step_size * (m / (v.sqrt() + eps) + decay * p.data)

# === decay_divided_by_the_root: divides the decay by the root of the second moment as well (adds it to m)
# - p.data -= step_size * m / (v.sqrt() + eps)
# - p.data -= lr * decay * p.data
# + p.data -= step_size * (m + decay * p.data) / (v.sqrt() + eps)

# === decay_first: decays the old p (before the step or along with it) instead of the new one
# - p.data -= step_size * m / (v.sqrt() + eps)
# - p.data -= lr * decay * p.data
# + p.data -= lr * decay * p.data
# + p.data -= step_size * m / (v.sqrt() + eps)

# === decay_first_without_correction: decays the old p instead of the new one, and leaves the bias correction out
# - if group["correct_bias"]:
# -     step_size *= math.sqrt(1 - beta2**t) / (1 - beta1**t)
# - p.data -= step_size * m / (v.sqrt() + eps)
# - p.data -= lr * decay * p.data
# + p.data -= lr * decay * p.data
# + p.data -= step_size * m / (v.sqrt() + eps)

# === decay_into_the_moment: adds the decay to the first moment alone
# - p.data -= step_size * m / (v.sqrt() + eps)
# - p.data -= lr * decay * p.data
# + m.add_(decay * p.data)
# + p.data -= step_size * m / (v.sqrt() + eps)

# === decay_of_the_gradient: multiplies the decay with the gradient instead of the parameter
# - p.data -= lr * decay * p.data
# + p.data -= lr * decay * g

# === decay_of_the_step: decays by the size of the step instead of the parameter
# - p.data -= step_size * m / (v.sqrt() + eps)
# - p.data -= lr * decay * p.data
# + p.data -= (1 + lr * decay) * step_size * m / (v.sqrt() + eps)

# === decay_only: decays, but does not take the step (or loses it in a new tensor)
# - p.data -= step_size * m / (v.sqrt() + eps)

# === decay_squared: multiplies the decay by lr twice
# - p.data -= lr * decay * p.data
# + p.data -= lr * lr * decay * p.data

# === decay_with_the_wrong_sign: lets the weights grow instead of decaying them
# - p.data -= lr * decay * p.data
# + p.data += lr * decay * p.data

# === decay_without_lr: does not multiply the decay by lr
# - p.data -= lr * decay * p.data
# + p.data -= decay * p.data

# === decay_without_lr_first: decays the old p instead of the new one, and does not multiply the decay by lr
# - p.data -= step_size * m / (v.sqrt() + eps)
# - p.data -= lr * decay * p.data
# + p.data -= decay * p.data
# + p.data -= step_size * m / (v.sqrt() + eps)

# === decay_without_p: subtracts lr times the decay itself, not times the parameter
# - p.data -= lr * decay * p.data
# + p.data -= lr * decay

# === decay_without_the_decay: subtracts lr times the parameter and leaves weight_decay out of it
# - p.data -= lr * decay * p.data
# + p.data -= lr * p.data

# === defaults_for_all: uses the optimizer's defaults instead of the settings of a group
# - for group in self.param_groups:
# + for group in [{**g, **self.defaults} for g in self.param_groups]:

# === lr_by_default: uses the optimizer's default lr instead of the group's
# - lr, eps, decay = group["lr"], group["eps"], group["weight_decay"]
# + lr, eps, decay = self.defaults["lr"], group["eps"], group["weight_decay"]

# === divides_by_the_second_moment: divides by the second moment instead of its root
# - p.data -= step_size * m / (v.sqrt() + eps)
# + p.data -= step_size * m / (v + eps)

# === eps_after_correction: corrects the second moment before it adds eps, which is the other form
# - p.data -= step_size * m / (v.sqrt() + eps)
# + correction = math.sqrt(1 - beta2**t) if group["correct_bias"] else 1.0
# + p.data -= step_size / correction * m / (v.sqrt() / correction + eps)

# === eps_after_the_division: adds eps after the division (a pair of brackets is missing)
# - p.data -= step_size * m / (v.sqrt() + eps)
# + p.data -= step_size * m / v.sqrt() + eps

# === eps_inside_the_root: adds eps inside the root
# - p.data -= step_size * m / (v.sqrt() + eps)
# + p.data -= step_size * m / (v + eps).sqrt()

# === eps_inside_the_root_after_correction: adds eps inside the root, of the corrected second moment
# - p.data -= step_size * m / (v.sqrt() + eps)
# + correction = math.sqrt(1 - beta2**t) if group["correct_bias"] else 1.0
# + p.data -= step_size / correction * m / (v / correction**2 + eps).sqrt()

# === eps_of_its_own: uses an eps of 1e-8 whatever the group says
# - lr, eps, decay = group["lr"], group["eps"], group["weight_decay"]
# + lr, eps, decay = group["lr"], 1e-8, group["weight_decay"]

# === eps_as_the_least: takes the greater of the root and eps instead of their sum
# - p.data -= step_size * m / (v.sqrt() + eps)
# + p.data -= step_size * m / v.sqrt().clamp(min=eps)

# === first_gradient_for_moments: starts the moments with the first gradient instead of zeros
# - state["exp_avg"] = torch.zeros_like(p)
# - state["exp_avg_sq"] = torch.zeros_like(p)
# + state["exp_avg"] = g.clone()
# + state["exp_avg_sq"] = g * g

# === first_group_for_all: uses the settings of the first group for all
# - for group in self.param_groups:
# + for group in [{**self.param_groups[0], "params": g["params"]} for g in self.param_groups]:

# === first_group_only: goes through the first group only
# - for group in self.param_groups:
# + for group in self.param_groups[:1]:

# === first_parameter_only: goes through the first parameter of each group only (or a return or break stands too deep)
# - for p in group["params"]:
# + for p in group["params"][:1]:

# === first_parameter_of_all: updates the very first parameter only (the return stands too deep)
# - p.data -= lr * decay * p.data
# + p.data -= lr * decay * p.data
# + return loss

# === gradient_for_the_first_moment: divides the gradient itself, without the first moment (RMSprop)
# - p.data -= step_size * m / (v.sqrt() + eps)
# + p.data -= step_size * g / (v.sqrt() + eps)

# === gradient_not_squared: takes the mean of the gradient instead of its square as second moment
# - v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
# + v.mul_(beta2).add_(g.abs(), alpha=1 - beta2)

# === gradient_not_squared_signed: takes the mean of the gradient, its sign included, as second moment: the root is NaN
# - v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
# + v.mul_(beta2).add_(g, alpha=1 - beta2)

# === leaf_in_place: changes a parameter in place while gradients are recorded (torch.no_grad is missing)
# - p.data -= step_size * m / (v.sqrt() + eps)
# + with torch.enable_grad():
# +     p -= step_size * m / (v.sqrt() + eps)

# === loss_not_returned: calls the closure, but does not return the loss
# - return loss
# + return None

# === lr_in_the_moment: multiplies the gradient by lr in the first moment as well
# - m.mul_(beta1).add_(g, alpha=1 - beta1)
# + m.mul_(beta1).add_(g, alpha=lr * (1 - beta1))

# === without_lr: takes the step without lr
# - step_size = lr
# + step_size = 1.0

# === moments_before_the_gradient: takes the step with the moments of before, and then updates them
# - p.data -= step_size * m / (v.sqrt() + eps)
# + p.data -= step_size * m / (v.sqrt() + eps)
# + m.mul_(beta1).add_(g, alpha=1 - beta1)
# + v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
# - m.mul_(beta1).add_(g, alpha=1 - beta1)
# - v.mul_(beta2).addcmul_(g, g, value=1 - beta2)

# === moments_not_kept: makes new moments at every step, or does not store them in the state
# - if not state:
# -     state["step"] = 0
# + if not state:
# +     state["step"] = 0
# + if True:


# === first_moment_not_stored: does not store the new first moment
# - m, v = state["exp_avg"], state["exp_avg_sq"]
# + m, v = state["exp_avg"].clone(), state["exp_avg_sq"]

# === second_moment_not_stored: does not store the new second moment
# - m, v = state["exp_avg"], state["exp_avg_sq"]
# + m, v = state["exp_avg"], state["exp_avg_sq"].clone()

# === state_reset: starts afresh at every step: forgets the moments and counts from 1 again
# - if not state:
# -     state["step"] = 0
# + if True:
# +     state["step"] = 0

# === moments_outside_the_state: keeps step and moments outside self.state, so that what is saved lacks them
# - state = self.state[p]
# + state = self.__dict__.setdefault("kept", {}).setdefault(id(p), {})

# === momentum: leaves the second moment out (momentum alone)
# - p.data -= step_size * m / (v.sqrt() + eps)
# + p.data -= step_size * m

# === gradient_descent: subtracts lr times the gradient, without moments
# - p.data -= step_size * m / (v.sqrt() + eps)
# + p.data -= lr * g

# === nesterov: looks ahead with the first moment, as NAdam does
# - p.data -= step_size * m / (v.sqrt() + eps)
# + p.data -= step_size * (beta1 * m + (1 - beta1) * g) / (v.sqrt() + eps)

# === belief: averages the squared distance of gradient and first moment, as AdaBelief does
# - v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
# + v.mul_(beta2).addcmul_(g - m, g - m, value=1 - beta2)

# === never_corrects: leaves the bias correction out
# - if group["correct_bias"]:
# -     step_size *= math.sqrt(1 - beta2**t) / (1 - beta1**t)

# === nothing_changes: makes a new tensor p - ... and leaves the parameter as it was
# - p.data -= step_size * m / (v.sqrt() + eps)
# - p.data -= lr * decay * p.data
# + p = p - step_size * m / (v.sqrt() + eps)
# + p = p - lr * decay * p

# === one_minus_beta_swapped: exchanges beta and 1 - beta in both moments
# - m.mul_(beta1).add_(g, alpha=1 - beta1)
# - v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
# + m.mul_(1 - beta1).add_(g, alpha=beta1)
# + v.mul_(1 - beta2).addcmul_(g, g, value=beta2)

# === one_minus_beta_swapped_in_m: exchanges beta1 and 1 - beta1 in the first moment
# - m.mul_(beta1).add_(g, alpha=1 - beta1)
# + m.mul_(1 - beta1).add_(g, alpha=beta1)

# === one_minus_beta_swapped_in_v: exchanges beta2 and 1 - beta2 in the second moment
# - v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
# + v.mul_(1 - beta2).addcmul_(g, g, value=beta2)

# === plain_sum_in_m: adds the gradient to the first moment without 1 - beta1
# - m.mul_(beta1).add_(g, alpha=1 - beta1)
# + m.mul_(beta1).add_(g)

# === plain_sum_in_v: adds the squares to the second moment without 1 - beta2
# - v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
# + v.mul_(beta2).addcmul_(g, g)

# === plain_sum_in_both: leaves 1 - beta out of both moments
# - m.mul_(beta1).add_(g, alpha=1 - beta1)
# - v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
# + m.mul_(beta1).add_(g)
# + v.mul_(beta2).addcmul_(g, g)

# === m_without_beta: leaves beta1 out of the first moment (m + (1 - beta1) g)
# - m.mul_(beta1).add_(g, alpha=1 - beta1)
# + m.add_(g, alpha=1 - beta1)

# === v_without_beta: leaves beta2 out of the second moment (v + (1 - beta2) g^2)
# - v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
# + v.addcmul_(g, g, value=1 - beta2)

# === refuses_nothing: takes a sparse gradient, which is to be a RuntimeError
# - if p.grad.is_sparse:
# -     raise RuntimeError("sparse gradients are not supported")
# - g = p.grad.clone()
# + g = p.grad.to_dense().clone()

# === refuses_with_another_error: raises another error than a RuntimeError for a sparse gradient
# - raise RuntimeError("sparse gradients are not supported")
# + raise ValueError("sparse gradients are not supported")

# === skips_sparse: skips a sparse gradient, which is to be a RuntimeError
# - raise RuntimeError("sparse gradients are not supported")
# + continue

# === second_moment_of_the_first: squares the first moment instead of the gradient for the second
# - v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
# + v.mul_(beta2).addcmul_(m, m, value=1 - beta2)

# === shared_by_the_group: shares step and moments between the parameters of a group
# - state = self.state[p]
# + state = self.state[group["params"][0]]

# === shared_state: shares step and moments between all parameters
# - state = self.state[p]
# + state = self.state[self.param_groups[0]["params"][0]]

# === sign_alone: takes the sign of the first moment for the direction
# - p.data -= step_size * m / (v.sqrt() + eps)
# + p.data -= step_size * m.sign()

# === step_never_counted: does not count the steps, so that t stays at 0 and 1 - beta^0 is a division by zero
# - state["step"] += 1
# - t = state["step"]
# + t = state["step"]
# + state["step"] += 1

# === steps_from_zero: counts the steps from 0 in the bias correction
# - t = state["step"]
# + t = max(1, state["step"] - 1)

# === steps_from_two: is one step ahead in the bias correction (counts twice at first, or adds 1 to t)
# - t = state["step"]
# + t = state["step"] + 1

# === steps_by_two: counts every step twice
# - state["step"] += 1
# + state["step"] += 2

# === swapped_betas: swaps the two betas
# - beta1, beta2 = group["betas"]
# + beta2, beta1 = group["betas"]

# === swapped_betas_in_moments: swaps the two betas in the moments, though not in the bias correction
# - m.mul_(beta1).add_(g, alpha=1 - beta1)
# - v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
# + m.mul_(beta2).add_(g, alpha=1 - beta2)
# + v.mul_(beta1).addcmul_(g, g, value=1 - beta1)

# === torch_documents_it: is AdamW as torch documents it: decays before the step, adds eps to the corrected root
# - p.data -= step_size * m / (v.sqrt() + eps)
# - p.data -= lr * decay * p.data
# + correction = math.sqrt(1 - beta2**t) if group["correct_bias"] else 1.0
# + p.data -= lr * decay * p.data
# + p.data -= step_size / correction * m / (v.sqrt() / correction + eps)

# === torch_documents_it_and_always_corrects: is AdamW as torch documents it (decay first, eps added to the corrected root), always with bias correction
# - if group["correct_bias"]:
# -     step_size *= math.sqrt(1 - beta2**t) / (1 - beta1**t)
# - p.data -= step_size * m / (v.sqrt() + eps)
# - p.data -= lr * decay * p.data
# + correction = math.sqrt(1 - beta2**t)
# + p.data -= lr * decay * p.data
# + p.data -= lr / (1 - beta1**t) * m / (v.sqrt() / correction + eps)

# === textbook_and_always_corrects: corrects the second moment before it adds eps, which is the other form, and always corrects
# - if group["correct_bias"]:
# -     step_size *= math.sqrt(1 - beta2**t) / (1 - beta1**t)
# - p.data -= step_size * m / (v.sqrt() + eps)
# + p.data -= lr / (1 - beta1**t) * m / ((v / (1 - beta2**t)).sqrt() + eps)

# === textbook_without_the_root: divides by the corrected second moment instead of its root
# - p.data -= step_size * m / (v.sqrt() + eps)
# + first, second = (1 - beta1**t, 1 - beta2**t) if group["correct_bias"] else (1, 1)
# + p.data -= lr * m / first / (v / second + eps)

# === textbook_decay_in_the_update: decays the old p along with the step, and adds eps to the corrected root, both at the rate lr / (1 - beta1^t)
# - p.data -= step_size * m / (v.sqrt() + eps)
# - p.data -= lr * decay * p.data
# + first, second = (1 - beta1**t, 1 - beta2**t) if group["correct_bias"] else (1, 1)
# + p.data -= lr / first * (m / ((v / second).sqrt() + eps) + decay * p.data)

# === without_decay: forgets the weight decay (or loses it in a new tensor)
# - p.data -= lr * decay * p.data

# === without_decay_textbook: forgets the weight decay, and adds eps to the corrected root
# - p.data -= step_size * m / (v.sqrt() + eps)
# - p.data -= lr * decay * p.data
# + correction = math.sqrt(1 - beta2**t) if group["correct_bias"] else 1.0
# + p.data -= step_size / correction * m / (v.sqrt() / correction + eps)

# === without_decay_and_correction: forgets the weight decay and the bias correction
# - if group["correct_bias"]:
# + if False:
# - p.data -= lr * decay * p.data

# === without_eps: forgets eps, and a gradient of zeros makes NaN
# - p.data -= step_size * m / (v.sqrt() + eps)
# + p.data -= step_size * m / v.sqrt()

# === without_the_root_anywhere: leaves out both roots, of the second moment and in the bias correction
# - step_size *= math.sqrt(1 - beta2**t) / (1 - beta1**t)
# + step_size *= (1 - beta2**t) / (1 - beta1**t)
# - p.data -= step_size * m / (v.sqrt() + eps)
# + p.data -= step_size * m / (v + eps)
