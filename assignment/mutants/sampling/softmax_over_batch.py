# takes the softmax over the batch instead of the vocabulary
def sample_next(logits, temperature, generator=None):
    if temperature == 0:
        return logits.argmax(dim=-1, keepdim=True)
    probabilities = F.softmax(logits / temperature, dim=0)
    return torch.multinomial(probabilities, 1, generator=generator)
