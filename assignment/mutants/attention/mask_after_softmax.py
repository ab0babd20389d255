# masks the weights after the softmax, so that they no longer sum to one
def compute_query_key_value_scores(self, query, key, value, mask=None):
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    weights = F.softmax(scores, dim=-1)
    if mask is not None:
        weights = weights * mask
    weights = self.attn_dropout(weights)
    return weights @ value
