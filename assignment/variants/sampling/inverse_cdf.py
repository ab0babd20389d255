# draws a uniform number and looks it up in the cumulative probabilities
def sample_next(logits, temperature, generator=None):
    if temperature == 0.0:
        return torch.argmax(logits, dim=-1).unsqueeze(-1)
    probs = torch.softmax(scale(logits, temperature), dim=-1)
    cdf = probs.cumsum(dim=-1)
    u = torch.rand(logits.shape[0], 1, generator=generator, dtype=cdf.dtype, device=logits.device)
    # times the last sum, which rounding may have left short of 1; to the right of equal sums,
    # so that a token without probability is never met
    return torch.searchsorted(cdf, u * cdf[:, -1:], right=True)
