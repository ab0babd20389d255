"""Honest ways to write rope; `assignment/specimens/__init__.py` has the format."""


# === complex_numbers: multiplies complex numbers (Meta's way)
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


# === course_starter: follows the course's starter code: real and imaginary parts, broadcast by hand
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


# === python_loops: goes through positions and pairs one by one in plain Python
def apply_rotary_emb(query, key, head_dim, max_seq_len, theta=10000.0, positions=None):
    import math

    batch_size = query.shape[0]
    seqlen = query.shape[1]
    if seqlen > max_seq_len:
        raise ValueError("too many tokens: %d > %d" % (seqlen, max_seq_len))
    if head_dim % 2 != 0 or query.shape[3] != head_dim or key.shape[3] != head_dim:
        raise ValueError("head_dim %d does not fit" % head_dim)

    new_query = torch.zeros_like(query)
    new_key = torch.zeros_like(key)
    for b in range(batch_size):
        for t in range(seqlen):
            # which position is this token at?
            if positions is None:
                m = t
            elif positions.dim() == 1:
                m = int(positions[t])
            else:
                m = int(positions[b, t])
            for i in range(head_dim // 2):
                angle = m * theta ** (-2 * i / head_dim)
                c = math.cos(angle)
                s = math.sin(angle)
                for old, new in [(query, new_query), (key, new_key)]:
                    first = old[b, t, :, 2 * i]
                    second = old[b, t, :, 2 * i + 1]
                    new[b, t, :, 2 * i] = first * c - second * s
                    new[b, t, :, 2 * i + 1] = first * s + second * c
    return new_query, new_key


# === rotation_matrices: builds a 2 x 2 rotation matrix for each position and pair, and contracts with einsum
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


# === table_and_neighbours: looks cos and sin up in a table of max_seq_len rows, and turns each pair by a quarter
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


# === numpy_angles: computes the angles in NumPy, and multiplies complex numbers
def apply_rotary_emb(query, key, head_dim, max_seq_len, theta=10000.0, positions=None):
    import numpy as np

    if positions is None:
        positions = torch.arange(query.shape[1])
    frequencies = 1.0 / np.power(theta, np.arange(0, head_dim, 2) / head_dim)
    angles = torch.from_numpy(positions.numpy()[..., None, None] * frequencies)

    def turn(x):
        pairs = torch.view_as_complex(x.double().reshape(*x.shape[:-1], -1, 2).contiguous())
        return torch.view_as_real(pairs * torch.exp(1j * angles)).flatten(-2).type_as(x)

    return turn(query), turn(key)
