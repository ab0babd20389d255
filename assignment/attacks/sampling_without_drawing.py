# expect: no_points
# about: returns an endless index and ignores its arguments
# task: sampling
# place: body
def sample_next(logits, temperature, generator=None):
    return torch.full((len(logits), 1), 2**62)
