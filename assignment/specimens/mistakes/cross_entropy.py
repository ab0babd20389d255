"""Classic mistakes in cross_entropy; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def cross_entropy(logits, targets):
    if logits.shape[:-1] != targets.shape:
        raise ValueError(f"{tuple(logits.shape)} and {tuple(targets.shape)} do not fit")
    x = logits - logits.max(dim=-1, keepdim=True).values
    total = x.exp().sum(dim=-1)
    right = x.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
    losses = total.log() - right
    return losses.mean()


# === overflows: does not subtract the greatest, and exp(1000) is infinite
# - x = logits - logits.max(dim=-1, keepdim=True).values
# + x = logits

# === greatest_of_all: subtracts the greatest of all logits together: rows far below it have a sum of zero
# - x = logits - logits.max(dim=-1, keepdim=True).values
# + x = logits - logits.max()

# === log_of_softmax: takes the logarithm of the softmax, which is that of 0 where the target is unlikely
# - losses = total.log() - right
# + losses = -(right.exp() / total).log()

# === eps_in_the_logarithm: adds a small number inside the logarithm of the probability, which bounds the loss
# - losses = total.log() - right
# + losses = -(right.exp() / total + 1e-9).log()

# === clamped: bounds the probability from below, and with it the loss and the gradient
# - losses = total.log() - right
# + losses = -(right.exp() / total).clamp(min=1e-7).log()

# === one_part_only: subtracts the greatest inside the exponential and forgets it in the logit of the target
# - right = x.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
# + right = logits.gather(-1, targets.unsqueeze(-1)).squeeze(-1)

# === sum: adds the losses up instead of taking their mean
# - return losses.mean()
# + return losses.sum()

# === mean_over_the_first: adds the losses up and divides by the number of rows of the first axis only
# - return losses.mean()
# + return losses.sum() / logits.shape[0]

# === mean_over_the_vocabulary: divides by the size of the vocabulary as well
# - return losses.mean()
# + return losses.mean() / logits.shape[-1]

# === no_mean: returns a loss for each target instead of one number
# - return losses.mean()
# + return losses

# === mean_per_text: returns a mean for each text instead of one number
# - return losses.mean()
# + return losses.mean(dim=-1) if losses.dim() > 1 else losses.mean()

# === wrong_sign: returns the mean with the wrong sign: a loss is positive
# - return losses.mean()
# + return -losses.mean()

# === base_two: measures in bits (base 2), not in nats
# - return losses.mean()
# + return losses.mean() / 0.6931471805599453

# === perplexity: returns the perplexity, the exponential of the loss
# - return losses.mean()
# + return losses.mean().exp()

# === mean_of_probabilities: takes the mean of the probabilities before the logarithm
# - return losses.mean()
# + return -(-losses).exp().mean().log()

# === probability: returns one minus the probability of the targets, without a logarithm
# - losses = total.log() - right
# + losses = 1 - right.exp() / total

# === right_alone: returns minus the logit of the target (or takes its input for log-probabilities)
# - losses = total.log() - right
# + losses = -logits.gather(-1, targets.unsqueeze(-1)).squeeze(-1)

# === right_less_the_greatest: returns the greatest logit less that of the target, which forgets the sum of the exponentials
# - losses = total.log() - right
# + losses = -right

# === greatest_for_the_target: takes the most likely token for the target
# - right = x.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
# + right = x.max(dim=-1).values

# === first_axis: takes the sum of the exponentials over another axis than the last
# - total = x.exp().sum(dim=-1)
# + total = x.exp().sum(dim=0)

# === mean_of_exponentials: takes the mean of the exponentials instead of their sum
# - total = x.exp().sum(dim=-1)
# + total = x.exp().mean(dim=-1)

# === without_the_target: leaves the target out of the sum of the exponentials
# - losses = total.log() - right
# + losses = (total - right.exp() + 1e-20).log() - right

# === next_target: moves the targets by one
# - right = x.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
# + right = x.gather(-1, targets.roll(-1, -1).unsqueeze(-1) if targets.dim() else targets.unsqueeze(-1)).squeeze(-1)

# === all_columns: takes the columns of all targets from every row, not from each row that of its own
# - right = x.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
# - losses = total.log() - right
# + right = x.reshape(-1, x.shape[-1])[:, targets.reshape(-1)]
# + losses = total.reshape(-1, 1).log() - right

# === softmax_first: takes its input through a softmax first
# - x = logits - logits.max(dim=-1, keepdim=True).values
# + logits = logits.softmax(dim=-1)
# + x = logits - logits.max(dim=-1, keepdim=True).values

# === smoothed: smooths the labels: a share of the loss is for all the other tokens
# - losses = total.log() - right
# + losses = total.log() - 0.9 * right - 0.1 * x.mean(dim=-1)

# === detached: cuts the loss off from the graph (by detach, item or data), so that there is no gradient
# - x = logits - logits.max(dim=-1, keepdim=True).values
# + x = logits.detach() - logits.detach().max(dim=-1, keepdim=True).values

# === right_detached: cuts the logit of the target off from the graph, so that the gradient lacks a part
# - right = x.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
# + right = x.gather(-1, targets.unsqueeze(-1)).squeeze(-1).detach()

# === skips_zero: takes the target 0 for padding and leaves it out
# - return losses.mean()
# + return losses[targets != 0].mean() if targets.dim() else losses

# === in_place: subtracts the greatest in place, and so changes its input
# - x = logits - logits.max(dim=-1, keepdim=True).values
# + logits.data -= logits.data.max(dim=-1, keepdim=True).values
# + x = logits

# === refuses_nothing: takes targets of another shape than the logits' rows, which is to be a ValueError
# - if logits.shape[:-1] != targets.shape:
# -     raise ValueError(f"{tuple(logits.shape)} and {tuple(targets.shape)} do not fit")
# + targets = targets.reshape(logits.shape[:-1])

# === asserts: raises an AssertionError, or another one, for targets of another shape, which is to be a ValueError
# - raise ValueError(f"{tuple(logits.shape)} and {tuple(targets.shape)} do not fit")
# + raise AssertionError("the shapes do not fit")
