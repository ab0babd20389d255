# writes both products as einsum
def compute_query_key_value_scores(self, query, key, value, mask=None):
    scale = query.size(-1) ** -0.5
    scores = torch.einsum("bhtd,bhsd->bhts", query, key) * scale
    if mask is not None:
        scores = torch.where(mask, scores, torch.tensor(float("-inf"), dtype=scores.dtype))
    probs = torch.softmax(scores, dim=-1)
    probs = self.attn_dropout(probs)
    return torch.einsum("bhts,bhsd->bhtd", probs, value)
