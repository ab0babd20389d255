"""Classic mistakes in top_k; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def filter_top_k(logits, k):
    k = min(k, logits.shape[-1])
    bar = logits.topk(k, dim=-1).values[:, -1:]
    return logits.masked_fill(logits < bar, float("-inf"))


# === bar_itself: takes out the k-th token as well (<= in the place of <), so that k - 1 stay
# - return logits.masked_fill(logits < bar, float("-inf"))
# + return logits.masked_fill(logits <= bar, float("-inf"))

# === bar_of_everything: has one bar for all rows, the k-th greatest of all logits together
# - bar = logits.topk(k, dim=-1).values[:, -1:]
# + bar = logits.flatten().topk(min(k, logits.numel())).values[-1]

# === bar_of_the_first_row: takes the bar of the first row for all rows
# - bar = logits.topk(k, dim=-1).values[:, -1:]
# + bar = logits.topk(k, dim=-1).values[0, -1]

# === bar_is_the_greatest: takes the greatest logit as the bar (the first of the k, not the last)
# - bar = logits.topk(k, dim=-1).values[:, -1:]
# + bar = logits.topk(k, dim=-1).values[:, :1]

# === changes_its_input: writes -inf into the logits that it was given
# - return logits.masked_fill(logits < bar, float("-inf"))
# + logits[logits < bar] = float("-inf")
# + return logits

# === counts_from_zero: keeps one token too many, k + 1
# - k = min(k, logits.shape[-1])
# + k = min(k + 1, logits.shape[-1])

# === drops_ties: keeps k tokens exactly, and so drops others that are tied with the last of them
# - return logits.masked_fill(logits < bar, float("-inf"))
# + best = logits.topk(k, dim=-1)
# + return torch.full_like(logits, float("-inf")).scatter(-1, best.indices, best.values)

# === indices_for_a_mask: compares with the place of the k-th token instead of its logit
# - bar = logits.topk(k, dim=-1).values[:, -1:]
# + bar = logits.topk(k, dim=-1).indices[:, -1:]

# === keeps_the_first: keeps the first k tokens of the vocabulary
# - return logits.masked_fill(logits < bar, float("-inf"))
# + return logits.masked_fill(torch.arange(logits.shape[-1]) >= k, float("-inf"))

# === keeps_the_least: keeps the k least likely tokens
# - bar = logits.topk(k, dim=-1).values[:, -1:]
# - return logits.masked_fill(logits < bar, float("-inf"))
# + bar = logits.topk(k, dim=-1, largest=False).values[:, -1:]
# + return logits.masked_fill(logits > bar, float("-inf"))

# === least_number: writes a very negative number instead of -inf
# - return logits.masked_fill(logits < bar, float("-inf"))
# + return logits.masked_fill(logits < bar, -1e9)

# === most_negative: writes the most negative float instead of -inf
# - return logits.masked_fill(logits < bar, float("-inf"))
# + return logits.masked_fill(logits < bar, torch.finfo(logits.dtype).min)

# === over_batch: takes the k greatest over the batch instead of the vocabulary
# - k = min(k, logits.shape[-1])
# - bar = logits.topk(k, dim=-1).values[:, -1:]
# + k = min(k, len(logits))
# + bar = logits.topk(k, dim=0).values[-1:]

# === probabilities: returns the probabilities of what stays instead of the logits
# - return logits.masked_fill(logits < bar, float("-inf"))
# + return F.softmax(logits.masked_fill(logits < bar, float("-inf")), dim=-1)

# === refuses_a_large_k: does not allow for a k above V, which topk refuses
# - k = min(k, logits.shape[-1])

# === removes_the_best: takes the k most likely tokens out and keeps the others
# - return logits.masked_fill(logits < bar, float("-inf"))
# + return logits.masked_fill(logits >= bar, float("-inf"))

# === returns_indices: returns which tokens are the k best instead of filtered logits
# - return logits.masked_fill(logits < bar, float("-inf"))
# + return logits.topk(k, dim=-1).indices

# === returns_the_best: returns the k greatest logits alone, without their places
# - return logits.masked_fill(logits < bar, float("-inf"))
# + return logits.topk(k, dim=-1).values

# === returns_the_mask: returns which tokens stay instead of filtered logits
# - return logits.masked_fill(logits < bar, float("-inf"))
# + return logits >= bar

# === returns_nothing: returns nothing
# - return logits.masked_fill(logits < bar, float("-inf"))
# + logits.masked_fill(logits < bar, float("-inf"))

# === sorts: returns the logits in falling order, in which no token stands at its own place
# - return logits.masked_fill(logits < bar, float("-inf"))
# + return logits.masked_fill(logits < bar, float("-inf")).sort(dim=-1, descending=True).values

# === without_the_axis: leaves out the bar's second axis, so that rows and bars do not line up
# - bar = logits.topk(k, dim=-1).values[:, -1:]
# + bar = logits.topk(k, dim=-1).values[:, -1]

# === wrong_sort: sorts in rising order and takes the k-th from the wrong end
# - bar = logits.topk(k, dim=-1).values[:, -1:]
# + bar = logits.sort(dim=-1).values[:, k - 1 : k]

# === zeros: writes 0 instead of -inf, which is the logit of an ordinary token
# - return logits.masked_fill(logits < bar, float("-inf"))
# + return logits.masked_fill(logits < bar, 0.0)
