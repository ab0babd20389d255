# builds a causal mask of its own, which is wrong where a cache makes S exceed T
def compute_query_key_value_scores(self, query, key, value, mask=None):
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    mask = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
    scores = scores.masked_fill(~mask, float("-inf"))
    weights = self.attn_dropout(F.softmax(scores, dim=-1))
    return weights @ value
