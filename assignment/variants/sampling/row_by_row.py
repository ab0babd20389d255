# draws for one row after the other
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
