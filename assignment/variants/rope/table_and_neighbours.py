# looks cos and sin up in a table of max_seq_len rows, and turns each pair by a quarter
def apply_rotary_emb(query, key, head_dim, max_seq_len, theta=10000.0, positions=None):
    _, seqlen, _, last = query.shape
    if seqlen > max_seq_len:
        raise ValueError(f"{seqlen} tokens, but max_seq_len={max_seq_len}")
    if last != head_dim or key.shape[-1] != head_dim or head_dim % 2:
        raise ValueError(f"head_dim={head_dim} must be even and the size of the last axis")
    dtype = torch.float64 if query.dtype == torch.float64 else torch.float32

    inv_freq = theta ** -(torch.arange(0, head_dim, 2, dtype=dtype, device=query.device) / head_dim)
    table = torch.outer(torch.arange(max_seq_len, dtype=dtype, device=query.device), inv_freq)
    table = table.repeat_interleave(2, dim=-1)  # (max_seq_len, D)
    cos_table, sin_table = table.cos(), table.sin()
    if positions is None:
        cos, sin = cos_table[:seqlen], sin_table[:seqlen]
    else:
        cos, sin = cos_table[positions], sin_table[positions]
    cos, sin = cos.unsqueeze(-2), sin.unsqueeze(-2)  # room for the heads

    def rotate_neighbours(x):
        out = torch.empty_like(x)
        out[..., ::2] = -x[..., 1::2]
        out[..., 1::2] = x[..., ::2]
        return out

    query_out = query * cos + rotate_neighbours(query) * sin
    key_out = key * cos + rotate_neighbours(key) * sin
    return query_out.to(query.dtype), key_out.to(key.dtype)
