# calls the fused kernel where nothing is dropped, and spells it out in training
def compute_query_key_value_scores(self, query, key, value, mask=None):
    if not self.attn_dropout.training:
        return F.scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=False)
    scores = torch.matmul(query, key.mT) / query.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(mask.logical_not(), -torch.inf)
    return torch.matmul(self.attn_dropout(scores.softmax(-1)), value)
