"""Classic mistakes in sampling; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def sample_next(logits, temperature, generator=None):
    if temperature == 0:
        return logits.argmax(dim=-1, keepdim=True)
    logits = logits / temperature
    probabilities = F.softmax(logits, dim=-1)
    return torch.multinomial(probabilities, 1, generator=generator)


# === all_alike: draws all tokens with the same probability
# - return torch.multinomial(probabilities, 1, generator=generator)
# + return torch.multinomial(torch.ones_like(logits), 1, generator=generator)

# === always_argmax: takes the most likely token at every temperature
# - return torch.multinomial(probabilities, 1, generator=generator)
# + return probabilities.argmax(dim=-1, keepdim=True)

# === argmax_below_one: takes the most likely token at temperatures below 1 as well as at 0
# - if temperature == 0:
# + if temperature < 1:

# === argmax_of_everything: takes the greatest of all logits together at temperature 0, not that of each row
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits.argmax().reshape(1, 1)

# === argmax_of_everything_flat: takes the greatest of all logits together at temperature 0, and returns one number
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits.argmax()

# === argmax_over_batch: takes the greatest logit over the batch instead of the vocabulary at temperature 0
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits.argmax(dim=0, keepdim=True)

# === argmax_over_batch_turned: takes at temperature 0 the row with the greatest logit for each token, not the token for each row
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits.argmax(dim=0)[:, None]


# === divides_by_the_root: divides by the root of the temperature
# - logits = logits / temperature
# + logits = logits / temperature**0.5

# === divides_twice: divides by the temperature twice (`scale` does so already)
# - logits = logits / temperature
# + logits = logits / temperature**2

# === divides_by_zero: draws at temperature 0 as well, from what are no probabilities there
# - if temperature == 0:
# -     return logits.argmax(dim=-1, keepdim=True)

# === divides_by_zero_first: does not treat temperature 0 apart, and divides by it
# - if temperature == 0:
# -     return logits.argmax(dim=-1, keepdim=True)
# - logits = logits / temperature
# + logits = logits * (1 / temperature)

# === draws_from_logits: draws from numbers that are no probabilities, such as logits or their logarithms: some are negative
# - probabilities = F.softmax(logits, dim=-1)
# + probabilities = logits

# === draws_several: draws as many tokens for each row as there are rows, instead of one
# - return torch.multinomial(probabilities, 1, generator=generator)
# + return torch.multinomial(probabilities, len(probabilities), generator=generator)

# === draws_from_the_flat: draws from all rows together
# - return torch.multinomial(probabilities, 1, generator=generator)
# + return torch.multinomial(probabilities.flatten(), len(logits), generator=generator)[:, None]

# === eps_for_zero: takes a temperature of 0 for one of 1
# - if temperature == 0:
# -     return logits.argmax(dim=-1, keepdim=True)
# + temperature = temperature or 1.0

# === first_row: draws for all rows from the probabilities of the first
# - return torch.multinomial(probabilities, 1, generator=generator)
# + return torch.multinomial(probabilities[0], len(logits), True, generator=generator)[:, None]

# === flat_at_zero: returns (B,) instead of (B, 1) at temperature 0
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits.argmax(dim=-1)

# === flat_result: returns (B,) instead of (B, 1)
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits.argmax(dim=-1)
# - return torch.multinomial(probabilities, 1, generator=generator)
# + return torch.multinomial(probabilities, 1, generator=generator).squeeze(1)

# === flat_when_drawn: returns (B,) instead of (B, 1) where it draws
# - return torch.multinomial(probabilities, 1, generator=generator)
# + return torch.multinomial(probabilities, 1, generator=generator).squeeze(1)

# === generator_as_a_position: gives the generator to torch.multinomial as its third argument, which is replacement
# - return torch.multinomial(probabilities, 1, generator=generator)
# + return torch.multinomial(probabilities, 1, generator)

# === greatest_logit: returns the greatest logit itself at temperature 0 instead of its index
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits.max(dim=-1, keepdim=True).values

# === ignores_generator: draws from the global generator instead of the one it was given
# - return torch.multinomial(probabilities, 1, generator=generator)
# + return torch.multinomial(probabilities, 1)

# === ignores_temperature: samples at temperature 1 whatever is asked (or divides after the softmax, which changes nothing)
# - logits = logits / temperature

# === inverse_sampling: draws the unlikely tokens most often (the logits have the wrong sign)
# - logits = logits / temperature
# + logits = -logits / temperature

# === index_plus_one: returns the index of the token after the one that it has drawn
# - return torch.multinomial(probabilities, 1, generator=generator)
# + return (torch.multinomial(probabilities, 1, generator=generator) + 1) % logits.shape[-1]

# === item: asks many numbers for the one that they are (item), where there is one for each row
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits.argmax(dim=-1).item()

# === least_likely_at_zero: takes the least likely token at temperature 0
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits.argmin(dim=-1, keepdim=True)

# === multiplies: multiplies by the temperature instead of dividing
# - logits = logits / temperature
# + logits = logits * temperature

# === numbers_for_a_row: draws one random number for all rows, so that all take their tokens alike
# - return torch.multinomial(probabilities, 1, generator=generator)
# + u = torch.rand(1, generator=generator).to(logits.dtype)
# + return (probabilities.cumsum(dim=-1) < u).sum(dim=-1, keepdim=True).clamp(max=logits.shape[-1] - 1)

# === one_hot: returns a row of zeros and a one instead of the index
# - return torch.multinomial(probabilities, 1, generator=generator)
# + return F.one_hot(torch.multinomial(probabilities, 1, generator=generator), logits.shape[-1])

# === own_generator: makes a generator of its own where none is given, so that every call is alike
# - return torch.multinomial(probabilities, 1, generator=generator)
# + generator = torch.Generator() if generator is None else generator
# + return torch.multinomial(probabilities, 1, generator=generator)

# === probability_for_the_index: returns the probability of the token that it has drawn instead of its index
# - return torch.multinomial(probabilities, 1, generator=generator)
# + return probabilities.gather(1, torch.multinomial(probabilities, 1, generator=generator))

# === returns_nothing: returns nothing
# - return logits.argmax(dim=-1, keepdim=True)
# + return None

# === returns_the_probabilities: returns the probabilities without drawing
# - return torch.multinomial(probabilities, 1, generator=generator)
# + return probabilities

# === same_each_time: begins with the same seed at every call
# - return torch.multinomial(probabilities, 1, generator=generator)
# + return torch.multinomial(probabilities, 1, generator=torch.Generator().manual_seed(0))

# === samples_at_zero: samples at temperature 0 instead of taking the most likely token
# - if temperature == 0:
# -     return logits.argmax(dim=-1, keepdim=True)
# + temperature = max(temperature, 1.0)


# === softmax_over_batch: takes the softmax over the batch instead of the vocabulary
# - probabilities = F.softmax(logits, dim=-1)
# + probabilities = F.softmax(logits, dim=0)

# === softmax_over_everything: takes one softmax over all rows together, and draws from all of them
# - probabilities = F.softmax(logits, dim=-1)
# - return torch.multinomial(probabilities, 1, generator=generator)
# + drawn = torch.multinomial(F.softmax(logits.flatten(), dim=0), len(logits), True, generator=generator)
# + return drawn[:, None] % logits.shape[-1]

# === softmax_twice: takes the softmax twice
# - probabilities = F.softmax(logits, dim=-1)
# + probabilities = F.softmax(F.softmax(logits, dim=-1), dim=-1)

# === sorted_places: returns the rank of the token that it has drawn instead of its index
# - probabilities = F.softmax(logits, dim=-1)
# + probabilities = F.softmax(logits, dim=-1).sort(descending=True).values

# === squeezed_of_all: squeezes all axes of length 1, so that the result is flat (and for one row a single number)
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits.argmax(dim=-1, keepdim=True).squeeze()
# - return torch.multinomial(probabilities, 1, generator=generator)
# + return torch.multinomial(probabilities, 1, generator=generator).squeeze()

# === top_five: draws among a few of the most likely tokens only
# - logits = logits / temperature
# + logits = filter_top_k(logits, 5) / temperature

# === uniform_noise: adds uniform noise to the logits and takes the greatest, which is another distribution than softmax
# - return torch.multinomial(probabilities, 1, generator=generator)
# + noise = torch.rand(logits.shape, generator=generator).to(logits.dtype)
# + return (logits + noise).argmax(dim=-1, keepdim=True)

# === normal_noise: adds normal noise to the logits and takes the greatest, which is another distribution than softmax
# - return torch.multinomial(probabilities, 1, generator=generator)
# + noise = torch.randn(logits.shape, generator=generator).to(logits.dtype)
# + return (logits + noise).argmax(dim=-1, keepdim=True)

# === axis_more: returns (B, 1, 1) instead of (B, 1)
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits.argmax(dim=-1, keepdim=True)[:, None]
# - return torch.multinomial(probabilities, 1, generator=generator)
# + return torch.multinomial(probabilities, 1, generator=generator)[:, None]

# === axis_more_when_drawn: returns (B, 1, 1) instead of (B, 1) where it draws
# - return torch.multinomial(probabilities, 1, generator=generator)
# + return torch.multinomial(probabilities, 1, generator=generator)[:, None]

# === hidden_top_p: never draws the least likely tokens (a top-k or top-p that nobody asked for)
# - probabilities = F.softmax(logits, dim=-1)
# + probabilities = F.softmax(logits, dim=-1)
# + ordered, order = probabilities.sort(dim=-1, descending=True)
# + ordered[ordered.cumsum(dim=-1) - ordered > 0.95] = 0
# + probabilities = torch.zeros_like(ordered).scatter(-1, order, ordered)
