"""Classic mistakes in clipping; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def clip_gradients(parameters, max_norm):
    if not max_norm > 0:
        raise ValueError(f"max_norm={max_norm}: must be positive")
    grads = [p.grad.data for p in parameters if p.grad is not None]
    total = sum((g**2).sum().item() for g in grads)
    norm = float(total**0.5)
    if norm > max_norm:
        factor = max_norm / (norm + 1e-6)
        for g in grads:
            g.mul_(factor)
    return norm


# === per_tensor: clips each gradient by its own norm, so that together they point elsewhere
# - if norm > max_norm:
# -     factor = max_norm / (norm + 1e-6)
# -     for g in grads:
# -         g.mul_(factor)
# + for g in grads:
# +     own = g.norm().item()
# +     if own > max_norm:
# +         g.mul_(max_norm / (own + 1e-6))

# === per_tensor_factor: divides each gradient by its own norm once the norm of all is too large
# - g.mul_(factor)
# + g.mul_(max_norm / (g.norm().item() + 1e-6))

# === always_scales: scales gradients below the bound as well, and so makes them larger
# - if norm > max_norm:
# + if norm > 0:

# === never_scales: computes the norm and scales nothing (or copies of the gradients)
# - g.mul_(factor)
# + g = g * factor

# === scales_below: scales below the bound instead of above it
# - if norm > max_norm:
# + if 0 < norm < max_norm:

# === without_the_root: forgets the root: compares and divides by the sum of the squares
# - norm = float(total**0.5)
# + norm = float(total)

# === sum_of_norms: adds up the norms of the gradients, which is more than the norm of all
# - total = sum((g**2).sum().item() for g in grads)
# - norm = float(total**0.5)
# + norm = float(sum((g**2).sum().item() ** 0.5 for g in grads))

# === largest_norm: takes the largest of the gradients' norms instead of the norm of all
# - total = sum((g**2).sum().item() for g in grads)
# - norm = float(total**0.5)
# + norm = max((float((g**2).sum() ** 0.5) for g in grads), default=0.0)

# === mean_square: takes the mean of the squares instead of their sum
# - norm = float(total**0.5)
# + norm = float((total / max(1, sum(g.numel() for g in grads))) ** 0.5)

# === mean_over_tensors: divides the sum of the squares by the number of gradients
# - norm = float(total**0.5)
# + norm = float((total / max(1, len(grads))) ** 0.5)

# === sum_of_sizes: adds up absolute values, which is the L1 norm
# - total = sum((g**2).sum().item() for g in grads)
# - norm = float(total**0.5)
# + norm = float(sum(g.abs().sum().item() for g in grads))

# === greatest: takes the greatest absolute value for the norm
# - total = sum((g**2).sum().item() for g in grads)
# - norm = float(total**0.5)
# + norm = max((g.abs().max().item() for g in grads), default=0.0)

# === norm_of_weights: takes the norm of the parameters instead of their gradients
# - grads = [p.grad.data for p in parameters if p.grad is not None]
# - total = sum((g**2).sum().item() for g in grads)
# + parameters = list(parameters)
# + grads = [p.grad.data for p in parameters if p.grad is not None]
# + total = sum((p.data**2).sum().item() for p in parameters)

# === clamps: cuts each element off at the bound
# - factor = max_norm / (norm + 1e-6)
# - for g in grads:
# -     g.mul_(factor)
# + for g in grads:
# +     g.clamp_(-max_norm, max_norm)

# === upside_down: multiplies by norm / max_norm
# - factor = max_norm / (norm + 1e-6)
# + factor = norm / max_norm

# === to_length_one: divides by the norm and forgets the bound: the new norm is 1
# - factor = max_norm / (norm + 1e-6)
# + factor = 1 / (norm + 1e-6)

# === root_of_the_factor: takes the root of the factor as well
# - factor = max_norm / (norm + 1e-6)
# + factor = (max_norm / (norm + 1e-6)) ** 0.5

# === square_of_the_norm: divides by the square of the norm
# - factor = max_norm / (norm + 1e-6)
# + factor = max_norm / (norm**2 + 1e-6)

# === without_eps: does not add 1e-6 to the norm
# - factor = max_norm / (norm + 1e-6)
# + factor = max_norm / norm

# === eps_in_the_root: adds 1e-6 to the sum of the squares, and not to the norm
# - factor = max_norm / (norm + 1e-6)
# + factor = max_norm / (total + 1e-6) ** 0.5

# === larger_eps: adds 1e-5 or more to the norm
# - factor = max_norm / (norm + 1e-6)
# + factor = max_norm / (norm + 1e-5)

# === goes_through_twice: goes through the parameters twice, and finds none left of a generator
# - grads = [p.grad.data for p in parameters if p.grad is not None]
# - total = sum((g**2).sum().item() for g in grads)
# + total = sum((p.grad.data**2).sum().item() for p in parameters if p.grad is not None)
# - for g in grads:
# -     g.mul_(factor)
# + for p in parameters:
# +     if p.grad is not None:
# +         p.grad.data.mul_(factor)

# === counts_them: asks how many parameters there are, which a generator does not tell
# - grads = [p.grad.data for p in parameters if p.grad is not None]
# + grads = [parameters[i].grad.data for i in range(len(parameters)) if parameters[i].grad is not None]

# === asks_none: does not leave out parameters without a gradient
# - grads = [p.grad.data for p in parameters if p.grad is not None]
# + grads = [p.grad.data for p in parameters]

# === stops_at_none: ends at the first parameter without a gradient
# - grads = [p.grad.data for p in parameters if p.grad is not None]
# + grads = []
# + for p in parameters:
# +     if p.grad is None:
# +         break
# +     grads.append(p.grad.data)

# === first_only: clips the first gradient only
# - for g in grads:
# -     g.mul_(factor)
# + grads[0].mul_(factor)

# === norm_afterwards: returns the norm as it is afterwards, not as it was before
# - return norm
# + return min(norm, max_norm)

# === returns_nothing: returns nothing
# - return norm

# === returns_the_factor: returns the factor instead of the norm
# - if norm > max_norm:
# + factor = 1.0
# + if norm > max_norm:
# - return norm
# + return factor

# === refuses_nothing: takes a bound of 0, which is to be a ValueError
# - if not max_norm > 0:
# -     raise ValueError(f"max_norm={max_norm}: must be positive")

# === refuses_with_another_error: raises another error than a ValueError for a bound of 0
# - raise ValueError(f"max_norm={max_norm}: must be positive")
# + raise AssertionError("max_norm must be positive")

# === needs_a_gradient: takes the norm of joined gradients, and fails where there are none
# - total = sum((g**2).sum().item() for g in grads)
# + total = (torch.cat([g.flatten() for g in grads]) ** 2).sum().item()
