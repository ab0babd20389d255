# pairs feature i with i + D/2 instead of its neighbour (Hugging Face's layout)
def apply_rotary_emb(query, key, head_dim, max_seq_len, theta=10000.0, positions=None):
    if positions is None:
        positions = torch.arange(query.shape[1])
    frequencies = theta ** (-torch.arange(0, head_dim, 2, dtype=query.dtype) / head_dim)
    angles = positions.to(query.dtype)[..., None, None] * frequencies
    cos, sin = angles.cos(), angles.sin()

    def rotate(x):
        a, b = x.chunk(2, dim=-1)
        return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1)

    return rotate(query), rotate(key)
