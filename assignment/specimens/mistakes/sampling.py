"""Classic mistakes in sampling; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def sample_next(logits, temperature, generator=None):
    if temperature == 0:
        return logits.argmax(dim=-1, keepdim=True)
    probabilities = F.softmax(logits / temperature, dim=-1)
    return torch.multinomial(probabilities, 1, generator=generator)


# === always_argmax: takes the most likely token at every temperature
def sample_next(logits, temperature, generator=None):
    return logits.argmax(dim=-1, keepdim=True)


# === divides_after_softmax: divides the probabilities by the temperature, which changes nothing
# - probabilities = F.softmax(logits / temperature, dim=-1)
# + probabilities = F.softmax(logits, dim=-1) / temperature

# === flat_result: returns (B,) instead of (B, 1)
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits.argmax(dim=-1)
# - return torch.multinomial(probabilities, 1, generator=generator)
# + return torch.multinomial(probabilities, 1, generator=generator).squeeze(1)

# === ignores_generator: draws from the global generator instead of the one it was given
# - return torch.multinomial(probabilities, 1, generator=generator)
# + return torch.multinomial(probabilities, 1)

# === ignores_temperature: samples at temperature 1 whatever is asked
# - probabilities = F.softmax(logits / temperature, dim=-1)
# + probabilities = F.softmax(logits, dim=-1)

# === least_likely_at_zero: takes the least likely token at temperature 0
# - return logits.argmax(dim=-1, keepdim=True)
# + return logits.argmin(dim=-1, keepdim=True)

# === multiplies: multiplies by the temperature instead of dividing
# - probabilities = F.softmax(logits / temperature, dim=-1)
# + probabilities = F.softmax(logits * temperature, dim=-1)


# === samples_at_zero: samples at temperature 0 instead of taking the most likely token
def sample_next(logits, temperature, generator=None):
    probabilities = F.softmax(logits / max(temperature, 1.0), dim=-1)
    return torch.multinomial(probabilities, 1, generator=generator)


# === softmax_over_batch: takes the softmax over the batch instead of the vocabulary
# - probabilities = F.softmax(logits / temperature, dim=-1)
# + probabilities = F.softmax(logits / temperature, dim=0)
