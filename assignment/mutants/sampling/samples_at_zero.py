# samples at temperature 0 instead of taking the most likely token
def sample_next(logits, temperature, generator=None):
    probabilities = F.softmax(logits / max(temperature, 1.0), dim=-1)
    return torch.multinomial(probabilities, 1, generator=generator)
