# takes the most likely token at every temperature
def sample_next(logits, temperature, generator=None):
    return logits.argmax(dim=-1, keepdim=True)
