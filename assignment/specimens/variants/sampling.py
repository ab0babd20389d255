"""Honest ways to write sampling; `assignment/specimens/__init__.py` has the format."""


# === exponential_race: lets the tokens race: an exponential time over the probability, the first one wins
def sample_next(logits, temperature, generator=None):
    if temperature == 0:
        _, best = torch.topk(logits, k=1, dim=-1)
        return best
    probs = F.softmax(logits.double() / temperature, dim=-1)
    clock = torch.empty_like(probs).exponential_(1, generator=generator)
    return torch.argmax(probs / clock, dim=-1, keepdim=True)


# === gumbel: adds Gumbel noise to the scaled logits and takes the greatest
def sample_next(logits, temperature, generator=None):
    if temperature == 0:
        return logits.max(dim=-1, keepdim=True).indices
    scaled = (logits - logits.max(dim=-1, keepdim=True).values).double() / temperature
    u = torch.rand(scaled.shape, generator=generator, dtype=torch.float64, device=logits.device)
    gumbel = -torch.log(-torch.log(u))
    return (scaled + gumbel).argmax(dim=-1, keepdim=True)


# === inverse_cdf: draws a uniform number and looks it up in the cumulative probabilities
def sample_next(logits, temperature, generator=None):
    if temperature == 0.0:
        return torch.argmax(logits, dim=-1).unsqueeze(-1)
    probs = torch.softmax(scale(logits, temperature), dim=-1)
    cdf = probs.cumsum(dim=-1)
    u = torch.rand(logits.shape[0], 1, generator=generator, dtype=cdf.dtype, device=logits.device)
    # times the last sum, which rounding may have left short of 1; to the right of equal sums,
    # so that a token without probability is never met
    return torch.searchsorted(cdf, u * cdf[:, -1:], right=True)


# === plain_multinomial: divides by the temperature itself and exponentiates by hand
def sample_next(logits, temperature, generator=None):
    if temperature == 0:
        return logits.argmax(-1)[:, None]
    logits = logits.double() / temperature  # float32 would overflow where it is very low
    logits = logits - logits.max(dim=-1, keepdim=True)[0]
    exps = logits.exp()
    probs = exps / exps.sum(dim=-1, keepdim=True)
    return torch.multinomial(probs, 1, replacement=True, generator=generator)


# === row_by_row: draws for one row after the other
def sample_next(logits, temperature, generator=None):
    if temperature == 0:
        idx_next = torch.argmax(logits, dim=1, keepdim=True)
    else:
        # scale the logits by the temperature, then normalize
        probs = F.softmax(scale(logits, temperature), dim=-1)
        picks = []
        for row in probs:
            picks.append(torch.multinomial(row, 1, generator=generator))
        idx_next = torch.stack(picks, dim=0)
    return idx_next
