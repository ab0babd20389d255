# divides by the temperature itself and exponentiates by hand
def sample_next(logits, temperature, generator=None):
    if temperature == 0:
        return logits.argmax(-1)[:, None]
    logits = logits.double() / temperature  # float32 would overflow where it is very low
    logits = logits - logits.max(dim=-1, keepdim=True)[0]
    exps = logits.exp()
    probs = exps / exps.sum(dim=-1, keepdim=True)
    return torch.multinomial(probs, 1, replacement=True, generator=generator)
