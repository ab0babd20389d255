# divides by D instead of its root
def compute_query_key_value_scores(self, query, key, value, mask=None):
    scores = query @ key.transpose(-2, -1) / query.shape[-1]
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    weights = self.attn_dropout(F.softmax(scores, dim=-1))
    return weights @ value
