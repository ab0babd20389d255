# ignores the mask, so that a token sees the future
def compute_query_key_value_scores(self, query, key, value, mask=None):
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    weights = self.attn_dropout(F.softmax(scores, dim=-1))
    return weights @ value
