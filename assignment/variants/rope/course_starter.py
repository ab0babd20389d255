# follows the course's starter code: real and imaginary parts, broadcast by hand
def apply_rotary_emb(query, key, head_dim, max_seq_len, theta=10000.0, positions=None):
    _, seqlen, _, _ = query.shape
    device = query.device
    if seqlen > max_seq_len:
        raise ValueError(f"seqlen {seqlen} > max_seq_len {max_seq_len}")
    if head_dim % 2 != 0 or query.size(-1) != head_dim or key.size(-1) != head_dim:
        raise ValueError(f"head_dim {head_dim} is odd or does not match")

    # reshape xq and xk to match the complex representation
    query_real, query_imag = query.float().reshape(query.shape[:-1] + (-1, 2)).unbind(-1)
    key_real, key_imag = key.float().reshape(key.shape[:-1] + (-1, 2)).unbind(-1)

    if positions is None:
        positions = torch.arange(seqlen, device=device)
    exps = torch.arange(0, head_dim, 2, device=device)[: (head_dim // 2)].float() / head_dim
    freqs = 1.0 / torch.pow(theta, exps)
    if positions.ndim == 1:
        angles = torch.outer(positions.float(), freqs)  # (seqlen, head_dim / 2)
        angles = angles.view(1, seqlen, 1, head_dim // 2)
    else:
        angles = positions.float()[:, :, None] * freqs[None, None, :]
        angles = angles.view(positions.shape[0], seqlen, 1, head_dim // 2)
    cos = torch.cos(angles)
    sin = torch.sin(angles)

    query_out_real = query_real * cos - query_imag * sin
    query_out_imag = query_imag * cos + query_real * sin
    key_out_real = key_real * cos - key_imag * sin
    key_out_imag = key_imag * cos + key_real * sin

    query_out = torch.stack([query_out_real, query_out_imag], dim=-1).reshape(query.shape)
    key_out = torch.stack([key_out_real, key_out_imag], dim=-1).reshape(key.shape)
    return query_out.to(query.dtype), key_out.to(key.dtype)
