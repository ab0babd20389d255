# multiplies complex numbers (Meta's way)
def apply_rotary_emb(query, key, head_dim, max_seq_len, theta=10000.0, positions=None):
    B, T, H, D = query.shape
    if T > max_seq_len:
        raise ValueError(f"sequence of {T} is longer than {max_seq_len}")
    if D != head_dim or key.shape[-1] != head_dim or head_dim % 2 == 1:
        raise ValueError(f"bad head_dim {head_dim}")
    wide = torch.promote_types(query.dtype, torch.float32)
    if positions is None:
        positions = torch.arange(T, device=query.device)
    freqs = 1.0 / (theta ** (torch.arange(0, head_dim, 2, device=query.device).to(wide) / head_dim))
    angles = positions.to(wide).unsqueeze(-1) * freqs
    freqs_cis = torch.polar(torch.ones_like(angles), angles)
    freqs_cis = freqs_cis.unsqueeze(-2)

    query_ = torch.view_as_complex(query.to(wide).reshape(B, T, H, D // 2, 2))
    key_ = torch.view_as_complex(key.to(wide).reshape(B, T, key.shape[2], D // 2, 2))
    query_out = torch.view_as_real(query_ * freqs_cis).flatten(3)
    key_out = torch.view_as_real(key_ * freqs_cis).flatten(3)
    return query_out.type_as(query), key_out.type_as(key)
