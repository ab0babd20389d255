"""Classic mistakes in attention; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def compute_query_key_value_scores(self, query, key, value, mask=None):
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    weights = self.attn_dropout(F.softmax(scores, dim=-1))
    return weights @ value


# === dropout_before_softmax: applies the dropout to the scores, before the softmax
# - weights = self.attn_dropout(F.softmax(scores, dim=-1))
# + weights = F.softmax(self.attn_dropout(scores), dim=-1)

# === dropout_in_eval: drops weights in eval mode as well
# - weights = self.attn_dropout(F.softmax(scores, dim=-1))
# + weights = F.dropout(F.softmax(scores, dim=-1), self.attn_dropout.p)

# === ignores_the_mask: ignores the mask, so that a token sees the future
# - if mask is not None:
# -     scores = scores.masked_fill(~mask, float("-inf"))

# === inverted_mask: takes the mask the wrong way round: True is where a query may attend
# - scores = scores.masked_fill(~mask, float("-inf"))
# + scores = scores.masked_fill(mask, float("-inf"))

# === mask_after_softmax: masks the weights after the softmax, so that they no longer sum to one
# - if mask is not None:
# -     scores = scores.masked_fill(~mask, float("-inf"))
# - weights = self.attn_dropout(F.softmax(scores, dim=-1))
# + weights = F.softmax(scores, dim=-1)
# + if mask is not None:
# +     weights = weights * mask
# + weights = self.attn_dropout(weights)

# === masked_scores_zero: sets masked scores to 0 instead of -inf, and exp(0) is 1
# - scores = scores.masked_fill(~mask, float("-inf"))
# + scores = scores.masked_fill(~mask, 0.0)

# === own_causal_mask: builds a causal mask of its own, which is wrong where a cache makes S exceed T
# - if mask is not None:
# -     scores = scores.masked_fill(~mask, float("-inf"))
# + mask = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
# + scores = scores.masked_fill(~mask, float("-inf"))

# === queries_for_keys: takes the dot products of queries with queries
# - scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
# + scores = query @ query.transpose(-2, -1) / math.sqrt(query.shape[-1])

# === scale_by_head_dim: divides by D instead of its root
# - scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
# + scores = query @ key.transpose(-2, -1) / query.shape[-1]

# === scale_by_model_dim: divides by the root of H * D instead of D
# - scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
# + scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1] * query.shape[1])

# === softmax_over_queries: takes the softmax over the queries instead of the keys
# - weights = self.attn_dropout(F.softmax(scores, dim=-1))
# + weights = self.attn_dropout(F.softmax(scores, dim=-2))

# === without_dropout: never applies the dropout
# - weights = self.attn_dropout(F.softmax(scores, dim=-1))
# + weights = F.softmax(scores, dim=-1)

# === without_scale: does not divide by sqrt(D)
# - scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
# + scores = query @ key.transpose(-2, -1)
