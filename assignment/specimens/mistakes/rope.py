"""Classic mistakes in rope; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def apply_rotary_emb(query, key, head_dim, max_seq_len, theta=10000.0, positions=None):
    dtype = torch.promote_types(query.dtype, torch.float32)
    if positions is None:
        positions = torch.arange(query.shape[1])
    frequencies = theta ** (-torch.arange(0, head_dim, 2, dtype=dtype) / head_dim)
    angles = positions.to(dtype)[..., None, None] * frequencies
    return rotate_pairs(query, angles), rotate_pairs(key, angles)


# === backwards: turns the other way (the sine has the wrong sign)
# - return rotate_pairs(query, angles), rotate_pairs(key, angles)
# + return rotate_pairs(query, -angles), rotate_pairs(key, -angles)

# === exponent_without_the_2: takes theta ** (-i / D) as frequencies instead of theta ** (-2i / D)
# - frequencies = theta ** (-torch.arange(0, head_dim, 2, dtype=dtype) / head_dim)
# + frequencies = theta ** (-torch.arange(head_dim // 2, dtype=dtype) / head_dim)


# === grows_with_the_head: gives each head the angle of a position and each position the same angle
def apply_rotary_emb(query, key, head_dim, max_seq_len, theta=10000.0, positions=None):
    dtype = torch.promote_types(query.dtype, torch.float32)
    frequencies = theta ** (-torch.arange(0, head_dim, 2, dtype=dtype) / head_dim)

    def angles(x):
        return torch.arange(x.shape[2]).to(x.dtype)[:, None] * frequencies

    return rotate_pairs(query, angles(query)), rotate_pairs(key, angles(key))


# === halves: pairs feature i with i + D/2 instead of its neighbour (Hugging Face's layout)
# - return rotate_pairs(query, angles), rotate_pairs(key, angles)
# + cos, sin = angles.cos(), angles.sin()
# + def rotate(x):
# +     a, b = x.chunk(2, dim=-1)
# +     return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1).type_as(x)
# + return rotate(query), rotate(key)

# === ignores_positions: counts positions from 0 and ignores the argument
# - if positions is None:
# -     positions = torch.arange(query.shape[1])
# + positions = torch.arange(query.shape[1])

# === ignores_theta: uses a base of 10000 whatever theta is
# - frequencies = theta ** (-torch.arange(0, head_dim, 2, dtype=dtype) / head_dim)
# + frequencies = 10000.0 ** (-torch.arange(0, head_dim, 2, dtype=dtype) / head_dim)

# === key_from_query: rotates the query twice and returns it as the key
# - return rotate_pairs(query, angles), rotate_pairs(key, angles)
# + return rotate_pairs(query, angles), rotate_pairs(query, angles)

# === positions_from_one: counts positions from 1
# - positions = torch.arange(query.shape[1])
# + positions = torch.arange(1, query.shape[1] + 1)

# === query_only: leaves the key unrotated
# - return rotate_pairs(query, angles), rotate_pairs(key, angles)
# + return rotate_pairs(query, angles), key

# === swapped_parts: swaps the two members of each rotated pair (real and imaginary part)
# - return rotate_pairs(query, angles), rotate_pairs(key, angles)
# + def swap(x):
# +     return x.unflatten(-1, (-1, 2)).flip(-1).flatten(-2)
# + return swap(rotate_pairs(query, angles)), swap(rotate_pairs(key, angles))
