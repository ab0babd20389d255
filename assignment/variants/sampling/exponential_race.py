# lets the tokens race: an exponential time over the probability, the first one wins
def sample_next(logits, temperature, generator=None):
    if temperature == 0:
        _, best = torch.topk(logits, k=1, dim=-1)
        return best
    probs = F.softmax(logits.double() / temperature, dim=-1)
    clock = torch.empty_like(probs).exponential_(1, generator=generator)
    return torch.argmax(probs / clock, dim=-1, keepdim=True)
