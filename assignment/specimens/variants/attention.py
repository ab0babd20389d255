"""Honest ways to write attention; `assignment/specimens/__init__.py` has the format."""


# === additive_mask: adds a mask of zeros and the dtype's least number, in bmm over batch times heads
def compute_query_key_value_scores(self, query, key, value, mask=None):
    B, H, T, D = query.shape
    S = key.shape[-2]
    q = query.reshape(B * H, T, D)
    k = key.reshape(B * H, S, D)
    v = value.reshape(B * H, S, D)
    scores = torch.bmm(q, k.transpose(1, 2)).div(D**0.5).view(B, H, T, S)
    if mask is not None:
        bias = torch.zeros(mask.shape, dtype=scores.dtype, device=scores.device)
        bias = bias.masked_fill(~mask, torch.finfo(scores.dtype).min)
        scores = scores + bias
    p = self.attn_dropout(nn.Softmax(dim=-1)(scores))
    return torch.bmm(p.reshape(B * H, T, S), v).view(B, H, T, D)


# === einsum: writes both products as einsum
def compute_query_key_value_scores(self, query, key, value, mask=None):
    scale = query.size(-1) ** -0.5
    scores = torch.einsum("bhtd,bhsd->bhts", query, key) * scale
    if mask is not None:
        scores = torch.where(mask, scores, torch.tensor(float("-inf"), dtype=scores.dtype))
    probs = torch.softmax(scores, dim=-1)
    probs = self.attn_dropout(probs)
    return torch.einsum("bhts,bhsd->bhtd", probs, value)


# === fused_in_eval: calls the fused kernel where nothing is dropped, and spells it out in training
def compute_query_key_value_scores(self, query, key, value, mask=None):
    if not self.attn_dropout.training:
        return F.scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=False)
    scores = torch.matmul(query, key.mT) / query.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(mask.logical_not(), -torch.inf)
    return torch.matmul(self.attn_dropout(scores.softmax(-1)), value)


# === loop_over_heads: computes one head of one text at a time, and drops out of all weights together
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


# === stable_softmax_by_hand: writes the softmax out: exp of the scores less their maximum, over the sum
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


# === functional_dropout: asks the module for its rate and its mode, and calls the function
def compute_query_key_value_scores(self, query, key, value, mask=None):
    scores = query @ key.mT / query.size(-1) ** 0.5
    if mask is not None:
        scores = torch.where(mask, scores, -torch.inf)
    weights = F.dropout(scores.softmax(-1), self.attn_dropout.p, self.training)
    return weights @ value


# === dropout_if_training: applies the dropout in train mode only, by an if of its own
def compute_query_key_value_scores(self, query, key, value, mask=None):
    scores = torch.matmul(query, key.transpose(2, 3)) * (1 / math.sqrt(query.shape[-1]))
    if mask is None:
        mask = torch.ones(scores.shape, dtype=torch.bool)
    weights = scores.masked_fill(mask.logical_not(), torch.finfo(scores.dtype).min).softmax(-1)
    if self.training:
        weights = self.attn_dropout(weights)
    return torch.matmul(weights, value)


# === prints_and_writes: prints shapes, logs to a file and keeps the weights for later
def compute_query_key_value_scores(self, query, key, value, mask=None):
    print("query", query.shape)
    with open("attention.log", "a", encoding="utf-8") as file:
        file.write(f"{key.shape}\n")
    scores = torch.einsum("bhtd,bhsd->bhts", query, key) / math.sqrt(query.shape[-1])
    if mask is not None:
        scores = scores + torch.zeros_like(scores).masked_fill(~mask, float("-inf"))
    self.weights = self.attn_dropout(torch.softmax(scores, dim=-1))
    return torch.einsum("bhts,bhsd->bhtd", self.weights, value)
