"""Classic mistakes in top_p; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def filter_top_p(logits, p):
    if p >= 1:
        return logits
    probabilities = F.softmax(logits, dim=-1)
    ordered, order = probabilities.sort(dim=-1, descending=True)
    gone = ordered.cumsum(dim=-1) - ordered >= p
    gone[:, 0] = False
    gone = gone.scatter(-1, order, gone)
    return logits.masked_fill(gone, float("-inf"))


# === all_need_as_many: keeps in every row as many tokens as the row that needs most of them
# - gone = ordered.cumsum(dim=-1) - ordered >= p
# + gone = (ordered.cumsum(dim=-1) - ordered >= p).all(dim=0, keepdim=True).expand_as(ordered)
# + gone = gone.clone()

# === alone: keeps the tokens that have a probability of p each, and the first
# - gone = ordered.cumsum(dim=-1) - ordered >= p
# + gone = ordered < p

# === back_by_gather: brings the order back with gather, which sorts a second time, instead of scatter
# - gone = gone.scatter(-1, order, gone)
# + gone = gone.gather(-1, order)

# === changes_its_input: writes -inf into the logits that it was given
# - return logits.masked_fill(gone, float("-inf"))
# + logits[gone] = float("-inf")
# + return logits

# === cumulative_logits: adds up logits instead of probabilities
# - probabilities = F.softmax(logits, dim=-1)
# + probabilities = logits

# === drops_the_crossing: drops the token that crosses p (its own probability is counted before it)
# - gone = ordered.cumsum(dim=-1) - ordered >= p
# + gone = ordered.cumsum(dim=-1) >= p

# === drops_the_crossing_and_all: drops the token that crosses p, even where it is the first, so that none is left
# - gone = ordered.cumsum(dim=-1) - ordered >= p
# - gone[:, 0] = False
# + gone = ordered.cumsum(dim=-1) >= p

# === everything_together: takes one softmax over all rows together
# - probabilities = F.softmax(logits, dim=-1)
# + probabilities = F.softmax(logits.flatten(), dim=-1).reshape(logits.shape)

# === first_row: filters all rows by the probabilities of the first
# - probabilities = F.softmax(logits, dim=-1)
# + probabilities = F.softmax(logits[:1], dim=-1).expand_as(logits)

# === gone_and_kept: takes the nucleus out and keeps the others
# - return logits.masked_fill(gone, float("-inf"))
# + return logits.masked_fill(~gone, float("-inf"))

# === in_sorted_order: does not bring the order back, and so takes out tokens by the place of others
# - gone = gone.scatter(-1, order, gone)

# === keeps_the_least: begins with the least likely tokens (the sort is a rising one)
# - ordered, order = probabilities.sort(dim=-1, descending=True)
# + ordered, order = probabilities.sort(dim=-1)

# === least_number: writes a very negative number instead of -inf
# - return logits.masked_fill(gone, float("-inf"))
# + return logits.masked_fill(gone, -1e9)

# === min_p: keeps the tokens of at least 1 - p times the greatest probability, which is min-p
# - gone = ordered.cumsum(dim=-1) - ordered >= p
# + gone = ordered < (1 - p) * ordered[:, :1]

# === most_negative: writes the most negative float instead of -inf
# - return logits.masked_fill(gone, float("-inf"))
# + return logits.masked_fill(gone, torch.finfo(logits.dtype).min)

# === over_batch: takes the softmax over the batch instead of the vocabulary
# - probabilities = F.softmax(logits, dim=-1)
# + probabilities = F.softmax(logits, dim=0)

# === probabilities: returns probabilities instead of logits
# - return logits.masked_fill(gone, float("-inf"))
# + return probabilities.masked_fill(gone, 0.0)

# === probabilities_and_minus_inf: returns probabilities instead of logits, with -inf for what is gone
# - return logits.masked_fill(gone, float("-inf"))
# + return probabilities.masked_fill(gone, float("-inf"))

# === returns_nothing: returns nothing
# - return logits.masked_fill(gone, float("-inf"))
# + logits.masked_fill(gone, float("-inf"))

# === returns_the_mask: returns which tokens are gone instead of filtered logits
# - return logits.masked_fill(gone, float("-inf"))
# + return gone

# === softmax_twice: takes the softmax twice, which flattens the probabilities
# - probabilities = F.softmax(logits, dim=-1)
# + probabilities = F.softmax(F.softmax(logits, dim=-1), dim=-1)

# === sorted_logits: returns the logits in falling order, in which no token stands at its own place
# - return logits.masked_fill(gone, float("-inf"))
# + return logits.masked_fill(gone, float("-inf")).sort(dim=-1, descending=True).values

# === the_rest: keeps tokens until 1 - p is reached
# - gone = ordered.cumsum(dim=-1) - ordered >= p
# + gone = ordered.cumsum(dim=-1) - ordered >= 1 - p

# === token_more: keeps one token too many, the first one after p is reached
# - gone = ordered.cumsum(dim=-1) - ordered >= p
# + before = ordered.cumsum(dim=-1) - ordered
# + gone = torch.cat((torch.zeros_like(before[:, :1]), before[:, :-1]), dim=-1) >= p

# === whole_not_apart: does not treat p = 1 apart, so that rounding takes out the least likely tokens
# - if p >= 1:
# -     return logits

# === zeros: writes 0 instead of -inf, which is the logit of an ordinary token
# - return logits.masked_fill(gone, float("-inf"))
# + return logits.masked_fill(gone, 0.0)
