"""Classic mistakes in greedy; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def greedy_next(logits):
    return logits.argmax(dim=-1, keepdim=True)


# === appended: returns the row with the index appended to it, as if the logits were the text
# - return logits.argmax(dim=-1, keepdim=True)
# + return torch.cat((logits, logits.argmax(dim=-1, keepdim=True)), dim=-1)

# === axis_more: returns (B, 1, 1) instead of (B, 1)
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits.argmax(dim=-1, keepdim=True)[:, None]

# === first_row: takes for all rows the best token of the first
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits[:1].argmax(dim=-1, keepdim=True).expand(len(logits), 1)

# === flat: returns (B,) instead of (B, 1)
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits.argmax(dim=-1)

# === item: asks many numbers for the one that they are (item), where there is one for each row
# - return logits.argmax(dim=-1, keepdim=True)
# + return torch.tensor([[logits.argmax(dim=-1).item()]])

# === last_token: takes the last token of the vocabulary, whatever the logits
# - return logits.argmax(dim=-1, keepdim=True)
# + return torch.arange(logits.shape[-1]).expand_as(logits)[:, -1:]

# === least_likely: takes the least likely token
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits.argmin(dim=-1, keepdim=True)

# === magnitude: takes the logit of the greatest magnitude, negative ones included
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits.abs().argmax(dim=-1, keepdim=True)

# === of_everything: takes the greatest of all logits together, not that of each row
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits.argmax().reshape(1, 1)

# === of_everything_flat: takes the greatest of all logits together, and returns one number
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits.argmax()

# === one_hot: returns a row of zeros and a one instead of the index
# - return logits.argmax(dim=-1, keepdim=True)
# + return F.one_hot(logits.argmax(dim=-1), logits.shape[-1])

# === over_batch: takes the greatest logit over the batch instead of the vocabulary
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits.argmax(dim=0, keepdim=True)

# === over_batch_turned: takes for each token the row that likes it best, and not for each row the token
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits.argmax(dim=0)[:, None]

# === positive_only: looks for a logit above zero, and takes token 0 where there is none
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits.clamp(min=0).argmax(dim=-1, keepdim=True)

# === probability: returns the probability of the best token instead of its index
# - return logits.argmax(dim=-1, keepdim=True)
# + return F.softmax(logits, dim=-1).amax(dim=-1, keepdim=True)

# === returns_nothing: returns nothing
# - return logits.argmax(dim=-1, keepdim=True)
# + logits.argmax(dim=-1, keepdim=True)

# === second: takes the second most likely token
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits.topk(2, dim=-1).indices[:, 1:]

# === softmax_over_batch: takes a softmax over the batch first, so that rows compete with one another
# - return logits.argmax(dim=-1, keepdim=True)
# + return F.softmax(logits, dim=0).argmax(dim=-1, keepdim=True)

# === squeezed: squeezes all axes of length 1, so that the result is flat (and for one row a single number)
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits.argmax(dim=-1, keepdim=True).squeeze()

# === turned: returns (1, B) instead of (B, 1)
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits.argmax(dim=-1)[None]

# === value: returns the greatest logit itself instead of its index
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits.amax(dim=-1, keepdim=True)

# === values_and_indices: returns both the logit and its index, as torch.max does with an axis
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits.max(dim=-1, keepdim=True)

# === whole_as_float: returns the index as a floating-point number
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits.argmax(dim=-1, keepdim=True).float()
