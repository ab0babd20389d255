# swaps the two members of each rotated pair (real and imaginary part)
def apply_rotary_emb(query, key, head_dim, max_seq_len, theta=10000.0, positions=None):
    if positions is None:
        positions = torch.arange(query.shape[1])
    frequencies = theta ** (-torch.arange(0, head_dim, 2, dtype=query.dtype) / head_dim)
    angles = positions.to(query.dtype)[..., None, None] * frequencies

    def swap(x):
        return x.unflatten(-1, (-1, 2)).flip(-1).flatten(-2)

    return swap(rotate_pairs(query, angles)), swap(rotate_pairs(key, angles))
