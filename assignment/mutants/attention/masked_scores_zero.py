# sets masked scores to 0 instead of -inf, and exp(0) is 1
def compute_query_key_value_scores(self, query, key, value, mask=None):
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, 0.0)
    weights = self.attn_dropout(F.softmax(scores, dim=-1))
    return weights @ value
