"""Classic mistakes in rope; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def apply_rotary_emb(query, key, head_dim, max_seq_len, theta=10000.0, positions=None):
    T = query.shape[1]
    if T > max_seq_len:
        raise ValueError(f"{T} tokens exceed max_seq_len={max_seq_len}")
    dtype = torch.promote_types(query.dtype, torch.float32)
    if positions is None:
        positions = torch.arange(T)
    pairs = torch.arange(0, head_dim, 2, dtype=dtype)
    frequencies = theta ** (-pairs / head_dim)
    angles = positions.to(dtype)[..., None, None] * frequencies
    cos, sin = angles.cos(), angles.sin()

    def rotate(x):
        a, b = x[..., 0::2], x[..., 1::2]
        first = a * cos - b * sin
        second = a * sin + b * cos
        return torch.stack((first, second), dim=-1).flatten(-2).type_as(x)

    return rotate(query), rotate(key)


# === adds_instead_of_turning: adds sines and cosines to the vectors, as the first Transformer did, instead of turning them
# - first = a * cos - b * sin
# - second = a * sin + b * cos
# + first = a + sin
# + second = b + cos

# === all_minus: subtracts in both formulas (a sin - b cos)
# - second = a * sin + b * cos
# + second = a * sin - b * cos

# === all_plus: adds in both formulas (a cos + b sin), and loses the minus
# - first = a * cos - b * sin
# + first = a * cos + b * sin

# === angle_for_each_text: gives each text of the batch the angle of a position
# - angles = positions.to(dtype)[..., None, None] * frequencies
# + angles = torch.arange(len(query)).to(dtype)[:, None, None, None] * frequencies

# === backwards: turns the other way (the sine has the wrong sign)
# - cos, sin = angles.cos(), angles.sin()
# + cos, sin = angles.cos(), -angles.sin()

# === base_e: takes exp(-2i / D) as frequencies, without log(theta)
# - frequencies = theta ** (-pairs / head_dim)
# + frequencies = torch.exp(-pairs / head_dim)

# === bracket_missing: raises theta to -2i and divides the result by D (a pair of brackets is missing)
# - frequencies = theta ** (-pairs / head_dim)
# + frequencies = theta**-pairs / head_dim

# === changes_its_input: changes query and key in place
# - return torch.stack((first, second), dim=-1).flatten(-2).type_as(x)
# + x[..., 0::2], x[..., 1::2] = first, second
# + return x

# === complex_bfloat16: makes complex numbers of bfloat16, which has none (float32 comes first)
# - a, b = x[..., 0::2], x[..., 1::2]
# - first = a * cos - b * sin
# - second = a * sin + b * cos
# - return torch.stack((first, second), dim=-1).flatten(-2).type_as(x)
# + z = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2))
# + return torch.view_as_real(z * torch.complex(cos, sin)).flatten(-2).type_as(x)

# === cosine_of_the_position: takes cosine and sine of the position, and multiplies these by the frequencies
# - cos, sin = angles.cos(), angles.sin()
# + places = positions.to(dtype)[..., None, None]
# + cos, sin = places.cos() * frequencies, places.sin() * frequencies

# === cosine_only: leaves out the terms with the sine
# - first = a * cos - b * sin
# - second = a * sin + b * cos
# + first, second = a * cos, b * cos

# === degrees: takes the angles to be degrees and converts them to radians
# - angles = positions.to(dtype)[..., None, None] * frequencies
# + angles = torch.deg2rad(positions.to(dtype)[..., None, None] * frequencies)

# === double_frequencies: makes D angles, one for each number, for the D/2 pairs
# - pairs = torch.arange(0, head_dim, 2, dtype=dtype)
# + pairs = torch.arange(head_dim, dtype=dtype)

# === double_frequencies_repeated: makes D angles, one for each number, for the D/2 pairs
# - angles = positions.to(dtype)[..., None, None] * frequencies
# + angles = (positions.to(dtype)[..., None, None] * frequencies).repeat(1, 1, 2)

# === exponent_4i: takes theta ** (-4i / D) as frequencies (the 2 counts twice, or D/2 stands for D)
# - frequencies = theta ** (-pairs / head_dim)
# + frequencies = theta ** (-2 * pairs / head_dim)

# === exponent_without_the_2: takes theta ** (-i / D) as frequencies instead of theta ** (-2i / D)
# - pairs = torch.arange(0, head_dim, 2, dtype=dtype)
# + pairs = torch.arange(head_dim // 2, dtype=dtype)

# === exponent_from_minus_1: counts the pairs from -1 (the paper's i - 1, in which i starts at 1)
# - frequencies = theta ** (-pairs / head_dim)
# + frequencies = theta ** (-(pairs - 2) / head_dim)

# === exponent_odd: takes the odd numbers 1, 3, 5, ... for 2i
# - pairs = torch.arange(0, head_dim, 2, dtype=dtype)
# + pairs = torch.arange(1, head_dim, 2, dtype=dtype)

# === first_row_for_all: gives all rows the positions of the first one
# - angles = positions.to(dtype)[..., None, None] * frequencies
# + if positions.ndim == 2:
# +     positions = positions[0]
# + angles = positions.to(dtype)[..., None, None] * frequencies

# === flat_positions: takes the positions to be (T,), and cannot take (B, T)
# - angles = positions.to(dtype)[..., None, None] * frequencies
# + angles = torch.outer(positions.to(dtype), frequencies)[:, None]

# === flat_positions_broadcast: takes the positions to be (T,), and cannot take (B, T)
# - angles = positions.to(dtype)[..., None, None] * frequencies
# + angles = (positions.to(dtype)[:, None] * frequencies)[None, :, None]

# === flat_positions_einsum: takes the positions to be (T,), and cannot take (B, T)
# - angles = positions.to(dtype)[..., None, None] * frequencies
# + angles = torch.einsum("i,j->ij", positions.to(dtype), frequencies)[:, None]

# === flat_positions_indexed: takes the positions to be (T,), and cannot take (B, T)
# - angles = positions.to(dtype)[..., None, None] * frequencies
# + angles = (positions.to(dtype)[..., None] * frequencies)[None, :, None]

# === float32_always: returns float32 whatever came in
# - return torch.stack((first, second), dim=-1).flatten(-2).type_as(x)
# + return torch.stack((first, second), dim=-1).flatten(-2).float()

# === frequencies_reversed: turns the first pair slowest and the last one fastest
# - frequencies = theta ** (-pairs / head_dim)
# + frequencies = (theta ** (-pairs / head_dim)).flip(0)

# === grows_with_the_head: gives each head the angle of a position and each position the same angle
# - a, b = x[..., 0::2], x[..., 1::2]
# + a, b = x[..., 0::2], x[..., 1::2]
# + angles = torch.arange(x.shape[2]).to(dtype)[:, None] * frequencies
# + cos, sin = angles.cos(), angles.sin()
# - cos, sin = angles.cos(), angles.sin()

# === half_angles: computes the angles in bfloat16, which cannot tell position 257 from 256
# - dtype = torch.promote_types(query.dtype, torch.float32)
# + dtype = query.dtype

# === halves: pairs feature i with i + D/2 instead of its neighbour (Hugging Face's layout)
# - a, b = x[..., 0::2], x[..., 1::2]
# + a, b = x.chunk(2, dim=-1)
# - return torch.stack((first, second), dim=-1).flatten(-2).type_as(x)
# + return torch.cat((first, second), dim=-1).type_as(x)

# === halves_in: takes the two halves of a head for the pairs, but weaves the results together as neighbours
# - a, b = x[..., 0::2], x[..., 1::2]
# + a, b = x.chunk(2, dim=-1)

# === halves_out: joins the first and the second members of the pairs as two halves (cat instead of stack and flatten)
# - return torch.stack((first, second), dim=-1).flatten(-2).type_as(x)
# + return torch.cat((first, second), dim=-1).type_as(x)

# === halves_with_neighbours_angles: rotates halves (rotate_half) by angles that are repeated for neighbours
# - a, b = x[..., 0::2], x[..., 1::2]
# - first = a * cos - b * sin
# - second = a * sin + b * cos
# - return torch.stack((first, second), dim=-1).flatten(-2).type_as(x)
# + a, b = x.chunk(2, dim=-1)
# + c, s = cos.repeat_interleave(2, dim=-1), sin.repeat_interleave(2, dim=-1)
# + return (x * c + torch.cat((-b, a), dim=-1) * s).type_as(x)

# === head_axis_missing: gives the angles no axis for the heads, so that they do not line up
# - angles = positions.to(dtype)[..., None, None] * frequencies
# + angles = positions.to(dtype)[..., None] * frequencies

# === ignores_positions: counts positions from 0 and ignores the argument
# - if positions is None:
# -     positions = torch.arange(T)
# + positions = torch.arange(T)

# === ignores_theta: uses a base of 10000 whatever theta is
# - frequencies = theta ** (-pairs / head_dim)
# + frequencies = 10000.0 ** (-pairs / head_dim)

# === key_from_query: rotates the query twice and returns it as the key
# - return rotate(query), rotate(key)
# + return rotate(query), rotate(query)

# === key_only: leaves the query unrotated
# - return rotate(query), rotate(key)
# + return query, rotate(key)

# === max_seq_len_for_the_base: takes max_seq_len as the base in the place of theta
# - frequencies = theta ** (-pairs / head_dim)
# + frequencies = max_seq_len ** (-pairs / head_dim)

# === negated_second: subtracts a sin in the second formula instead of adding it, while the first is right
# - second = a * sin + b * cos
# + second = b * cos - a * sin

# === neighbours_with_halves_angles: rotates neighbours by angles that are repeated for halves (cat of the angles with themselves)
# - first = a * cos - b * sin
# - second = a * sin + b * cos
# - return torch.stack((first, second), dim=-1).flatten(-2).type_as(x)
# + c, s = torch.cat((cos, cos), dim=-1), torch.cat((sin, sin), dim=-1)
# + return (x * c + torch.stack((-b, a), dim=-1).flatten(-2) * s).type_as(x)

# === no_rotation: returns query and key as they came
# - return rotate(query), rotate(key)
# + return query, key

# === not_cut_to_T: makes angles for max_seq_len positions and does not cut them to T
# - positions = torch.arange(T)
# + positions = torch.arange(max_seq_len)

# === one_position: turns every token by the same angle, whatever its position
# - angles = positions.to(dtype)[..., None, None] * frequencies
# + angles = torch.ones_like(positions, dtype=dtype)[..., None, None] * frequencies

# === ones_for_frequencies: turns every pair by one radian a position (as with // in the exponent)
# - frequencies = theta ** (-pairs / head_dim)
# + frequencies = torch.ones_like(pairs)

# === pairs_from_one: counts the pairs from 1, so that the exponents begin with -2/D
# - frequencies = theta ** (-pairs / head_dim)
# + frequencies = theta ** (-(pairs + 2) / head_dim)

# === positions_from_one: counts positions from 1
# - positions = torch.arange(T)
# + positions = torch.arange(1, T + 1)

# === positions_from_one_always: adds 1 to every position
# - angles = positions.to(dtype)[..., None, None] * frequencies
# + angles = (1 + positions.to(dtype)[..., None, None]) * frequencies

# === positions_from_the_end: counts positions from the end of the text
# - positions = torch.arange(T)
# + positions = torch.arange(T).flip(0)

# === positions_over_T: divides the positions by T
# - angles = positions.to(dtype)[..., None, None] * frequencies
# + angles = positions.to(dtype)[..., None, None] / T * frequencies

# === positions_over_max_seq_len: divides the positions by max_seq_len
# - angles = positions.to(dtype)[..., None, None] * frequencies
# + angles = positions.to(dtype)[..., None, None] / max_seq_len * frequencies

# === positive_exponent: raises theta to 2i / D instead of -2i / D, or divides the positions by the frequencies
# - frequencies = theta ** (-pairs / head_dim)
# + frequencies = theta ** (pairs / head_dim)

# === precedence: takes theta ** -2 times i over D (the power comes first where brackets are missing)
# - frequencies = theta ** (-pairs / head_dim)
# + frequencies = theta**-2 * pairs / 2 / head_dim

# === query_alone: returns the query alone
# - return rotate(query), rotate(key)
# + return rotate(query)

# === query_only: leaves the key unrotated
# - return rotate(query), rotate(key)
# + return rotate(query), key

# === raises_the_dtype: returns float32 where bfloat16 came in
# - return torch.stack((first, second), dim=-1).flatten(-2).type_as(x)
# + return torch.stack((first, second), dim=-1).flatten(-2)

# === refuses_late_positions: looks positions up in a table of T rows, though those after a cache are greater
# - angles = positions.to(dtype)[..., None, None] * frequencies
# + angles = (torch.arange(T).to(dtype)[..., None, None] * frequencies)[positions]

# === returns_nothing: returns nothing
# - return rotate(query), rotate(key)
# + rotate(query), rotate(key)

# === reuses_the_first: overwrites the first member of each pair before it computes the second from it
# - second = a * sin + b * cos
# + second = first * sin + b * cos

# === reuses_the_first_in_place: changes query and key in place, and the second member of each pair comes from the new first one
# - a, b = x[..., 0::2], x[..., 1::2]
# - first = a * cos - b * sin
# - second = a * sin + b * cos
# - return torch.stack((first, second), dim=-1).flatten(-2).type_as(x)
# + x[..., 0::2] = x[..., 0::2] * cos - x[..., 1::2] * sin
# + x[..., 1::2] = x[..., 0::2] * sin + x[..., 1::2] * cos
# + return x

# === same_for_both_members: stores the same a cos - b sin in both members of a pair
# - second = a * sin + b * cos
# + second = first

# === scaled_by_the_frequency: multiplies the pairs by their angles, without cosine and sine
# - cos, sin = angles.cos(), angles.sin()
# + cos, sin = angles, angles

# === second_minus_first: has the sines on the wrong members (a cos - a sin, b sin + b cos)
# - first = a * cos - b * sin
# - second = a * sin + b * cos
# + first = a * cos - a * sin
# + second = b * sin + b * cos

# === sine_for_cosine: exchanges sine and cosine
# - cos, sin = angles.cos(), angles.sin()
# + cos, sin = angles.sin(), angles.cos()

# === swapped_members: takes the second number of each pair for the first
# - a, b = x[..., 0::2], x[..., 1::2]
# + a, b = x[..., 1::2], x[..., 0::2]

# === swapped_parts: swaps the two members of each rotated pair (real and imaginary part)
# - return torch.stack((first, second), dim=-1).flatten(-2).type_as(x)
# + return torch.stack((second, first), dim=-1).flatten(-2).type_as(x)

# === swapped_results: returns the key first and the query second
# - return rotate(query), rotate(key)
# + return rotate(key), rotate(query)

# === T_from_the_batch: takes the number of texts, the first axis, for T
# - T = query.shape[1]
# + T = query.shape[0]

# === T_from_the_heads: takes the number of heads, axis 2, for T, as if the input were (B, H, T, D)
# - T = query.shape[1]
# + T = query.shape[2]

# === theta_times: multiplies theta by the exponent instead of raising it to that
# - frequencies = theta ** (-pairs / head_dim)
# + frequencies = theta * (-pairs / head_dim)

# === two_pi: multiplies the angles by 2 pi
# - angles = positions.to(dtype)[..., None, None] * frequencies
# + angles = 2 * torch.pi * positions.to(dtype)[..., None, None] * frequencies

# === without_positions: does not expect that positions may be None
# - if positions is None:
# -     positions = torch.arange(T)

# === without_positions_outer: does not expect that positions may be None
# - angles = positions.to(dtype)[..., None, None] * frequencies
# + angles = torch.outer(positions, frequencies)[:, None]
# - if positions is None:
# -     positions = torch.arange(T)

# === without_positions_indexed: does not expect that positions may be None
# - angles = positions.to(dtype)[..., None, None] * frequencies
# + angles = positions[..., None, None] * frequencies
# - if positions is None:
# -     positions = torch.arange(T)
