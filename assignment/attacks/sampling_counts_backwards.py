# expect: no_points
# about: returns indices from the end, and far beyond it
# task: sampling
# place: body
def sample_next(logits, temperature, generator=None):
    return torch.arange(len(logits))[:, None] * -(2**40) - 1
