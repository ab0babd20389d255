# divides the probabilities by the temperature, which changes nothing
def sample_next(logits, temperature, generator=None):
    if temperature == 0:
        return logits.argmax(dim=-1, keepdim=True)
    probabilities = F.softmax(logits, dim=-1) / temperature
    return torch.multinomial(probabilities, 1, generator=generator)
