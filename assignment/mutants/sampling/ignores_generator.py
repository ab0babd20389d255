# draws from the global generator instead of the one it was given
def sample_next(logits, temperature, generator=None):
    if temperature == 0:
        return logits.argmax(dim=-1, keepdim=True)
    probabilities = F.softmax(logits / temperature, dim=-1)
    return torch.multinomial(probabilities, 1)
