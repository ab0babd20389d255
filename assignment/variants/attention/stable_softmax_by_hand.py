# writes the softmax out: exp of the scores less their maximum, over the sum
def compute_query_key_value_scores(self, query, key, value, mask=None):
    d_k = query.shape[-1]
    attn = (query / math.sqrt(d_k)) @ key.transpose(2, 3)
    if mask is not None:
        attn = attn.masked_fill(mask == 0, float("-inf"))
    biggest = attn.max(dim=-1, keepdim=True).values
    e = torch.exp(attn - biggest)
    attn = e / e.sum(dim=-1, keepdim=True)
    attn = self.attn_dropout(attn)
    return attn @ value
