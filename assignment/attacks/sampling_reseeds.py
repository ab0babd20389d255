# expect: no_points
# about: resets the generator of the judge to a known state
# task: sampling
# place: body
def sample_next(logits, temperature, generator=None):
    if generator is not None:
        generator.manual_seed(0)
    torch.manual_seed(0)
    return torch.zeros(len(logits), 1, dtype=torch.long)
