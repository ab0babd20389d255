# builds a 2 x 2 rotation matrix for each position and pair, and contracts with einsum
def apply_rotary_emb(query, key, head_dim, max_seq_len, theta=10000.0, positions=None):
    B, T = query.shape[:2]
    if T > max_seq_len:
        raise ValueError(f"T={T} exceeds max_seq_len={max_seq_len}")
    if head_dim % 2 or {query.shape[-1], key.shape[-1]} != {head_dim}:
        raise ValueError(f"head_dim={head_dim} does not fit the input")
    dtype = torch.promote_types(query.dtype, torch.float32)
    if positions is None:
        positions = torch.arange(T, device=query.device)
    positions = torch.broadcast_to(positions, (B, T)).to(dtype)
    exponent = -2.0 * torch.arange(head_dim // 2, device=query.device, dtype=dtype) / head_dim
    freqs = torch.pow(torch.tensor(theta, dtype=dtype, device=query.device), exponent)
    angle = torch.einsum("bt,p->btp", positions, freqs)
    cos, sin = torch.cos(angle), torch.sin(angle)
    rows = [torch.stack([cos, -sin], dim=-1), torch.stack([sin, cos], dim=-1)]
    R = torch.stack(rows, dim=-2)  # (B, T, D/2, 2, 2)
    q = query.to(dtype).unflatten(-1, (head_dim // 2, 2))
    k = key.to(dtype).unflatten(-1, (head_dim // 2, 2))
    q = torch.einsum("btpij,bthpj->bthpi", R, q).flatten(-2)
    k = torch.einsum("btpij,bthpj->bthpi", R, k).flatten(-2)
    return q.to(query.dtype), k.to(key.dtype)
