# adds Gumbel noise to the scaled logits and takes the greatest
def sample_next(logits, temperature, generator=None):
    if temperature == 0:
        return logits.max(dim=-1, keepdim=True).indices
    scaled = (logits - logits.max(dim=-1, keepdim=True).values).double() / temperature
    u = torch.rand(scaled.shape, generator=generator, dtype=torch.float64, device=logits.device)
    gumbel = -torch.log(-torch.log(u))
    return (scaled + gumbel).argmax(dim=-1, keepdim=True)
