"""Classic mistakes in positions; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def sine_positions(length, d_model):
    if d_model % 2:
        raise ValueError("odd")
    exponents = torch.arange(0, d_model, 2) / d_model
    frequencies = 10000.0**-exponents
    angles = torch.arange(length)[:, None] * frequencies
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)


# === accepts_an_odd_width: takes an odd d_model without complaint
# - if d_model % 2:
# -     raise ValueError("odd")

# === base_1000: takes 1000 for the base instead of 10000
# - frequencies = 10000.0**-exponents
# + frequencies = 1000.0**-exponents

# === batch_axis: returns (1, T, C) instead of (T, C)
# - return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)
# + return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)[None]

# === from_one: counts the places from 1 instead of 0
# - angles = torch.arange(length)[:, None] * frequencies
# + angles = torch.arange(1, length + 1)[:, None] * frequencies

# === full_turns: takes the angle for full turns, and multiplies it by 2 pi
# - angles = torch.arange(length)[:, None] * frequencies
# + angles = torch.arange(length)[:, None] * frequencies * 2 * math.pi

# === halves: puts all sines into the first half of the features and all cosines into the second
# - return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)
# + return torch.cat((angles.sin(), angles.cos()), dim=-1)

# === i_for_2i: takes i over d_model for the exponent instead of 2i over d_model
# - exponents = torch.arange(0, d_model, 2) / d_model
# + exponents = torch.arange(d_model // 2) / d_model

# === i_of_each_feature: gives the cosine a frequency of its own, with 2i + 1 in the exponent
# - return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)
# + own = torch.arange(length)[:, None] * 10000.0 ** -((torch.arange(0, d_model, 2) + 1) / d_model)
# + return torch.stack((angles.sin(), own.cos()), dim=-1).flatten(1)

# === length_for_the_base: takes the length for the base instead of 10000
# - frequencies = 10000.0**-exponents
# + frequencies = float(length) ** -exponents

# === multiplies: multiplies the place by the power of 10000 instead of dividing
# - frequencies = 10000.0**-exponents
# + frequencies = 10000.0**exponents

# === only_cosines: has a cosine in the place of each sine
# - return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)
# + return torch.stack((angles.cos(), angles.cos()), dim=-1).flatten(1)

# === only_sines: has a sine in the place of each cosine
# - return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)
# + return torch.stack((angles.sin(), angles.sin()), dim=-1).flatten(1)

# === places_from_0_to_1: divides the places by the length
# - angles = torch.arange(length)[:, None] * frequencies
# + angles = torch.arange(length)[:, None] / length * frequencies

# === returns_nothing: returns nothing
# - return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)
# + torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)

# === returns_the_angles: returns each angle twice, without sine and cosine
# - return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)
# + return torch.stack((angles, angles), dim=-1).flatten(1)

# === sine_and_cosine_exchanged: has cosines in the even features and sines in the odd ones
# - return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)
# + return torch.stack((angles.cos(), angles.sin()), dim=-1).flatten(1)

# === turned: returns (C, T) instead of (T, C)
# - return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)
# + return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1).T

# === turns_backwards: turns the other way round (the sines have the wrong sign)
# - angles = torch.arange(length)[:, None] * frequencies
# + angles = torch.arange(length)[:, None] * -frequencies

# === without_the_division: leaves out the division by d_model in the exponent
# - exponents = torch.arange(0, d_model, 2) / d_model
# + exponents = torch.arange(0, d_model, 2).float()

# === width_less_1: divides by d_model - 1 in the exponent
# - exponents = torch.arange(0, d_model, 2) / d_model
# + exponents = torch.arange(0, d_model, 2) / (d_model - 1)
