# gives each head the angle of a position and each position the same angle
def apply_rotary_emb(query, key, head_dim, max_seq_len, theta=10000.0, positions=None):
    frequencies = theta ** (-torch.arange(0, head_dim, 2, dtype=query.dtype) / head_dim)

    def angles(x):
        return torch.arange(x.shape[2]).to(x.dtype)[:, None] * frequencies

    return rotate_pairs(query, angles(query)), rotate_pairs(key, angles(key))
