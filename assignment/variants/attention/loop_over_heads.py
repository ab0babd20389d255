# computes one head of one text at a time, and drops out of all weights together
def compute_query_key_value_scores(self, query, key, value, mask=None):
    batch_size, n_heads, q_len, head_dim = query.shape
    k_len = key.shape[2]
    if mask is not None:
        mask = mask.expand(batch_size, n_heads, q_len, k_len)
    weights = query.new_zeros(batch_size, n_heads, q_len, k_len)
    for b in range(batch_size):
        for h in range(n_heads):
            scores = torch.mm(query[b, h], key[b, h].t())
            scores = scores / math.sqrt(head_dim)
            if mask is not None:
                scores[~mask[b, h]] = -float("inf")
            weights[b, h] = torch.softmax(scores, dim=1)
    weights = self.attn_dropout(weights)
    output = torch.zeros_like(query)
    for b in range(batch_size):
        for h in range(n_heads):
            output[b, h] = torch.mm(weights[b, h], value[b, h])
    return output
