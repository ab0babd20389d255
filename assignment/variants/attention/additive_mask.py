# adds a mask of zeros and the dtype's least number, in bmm over batch times heads
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
