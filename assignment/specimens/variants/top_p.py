"""Honest ways to write top_p; `assignment/specimens/__init__.py` has the format."""


# === loop: fills the nucleus of one row after the other, token by token
def filter_top_p(logits, p):
    result = torch.full_like(logits, float("-inf"))
    for row in range(logits.shape[0]):
        probs = torch.softmax(logits[row].double(), dim=0)
        total = 0.0
        for token in torch.argsort(probs, descending=True).tolist():
            result[row, token] = logits[row, token]
            total += float(probs[token])
            if p < 1 and total >= p:
                break
    return result


# === shifted_mask: takes the mask of what is beyond p and shifts it by one to the right
def filter_top_p(logits, p):
    if p == 1.0:
        return logits.clone()
    sorted_logits, sorted_indices = torch.sort(logits, descending=True)
    cumulative_probs = torch.cumsum(F.softmax(sorted_logits, dim=-1), dim=-1)
    sorted_indices_to_remove = cumulative_probs >= p
    sorted_indices_to_remove[..., 1:] = sorted_indices_to_remove[..., :-1].clone()
    sorted_indices_to_remove[..., 0] = False
    indices_to_remove = torch.zeros_like(sorted_indices_to_remove)
    indices_to_remove.scatter_(1, sorted_indices, sorted_indices_to_remove)
    return logits.masked_fill(indices_to_remove, float("-inf"))


# === sum_of_the_better: for each token the sum of all that are more likely, without sorting
def filter_top_p(logits, p):
    if p >= 1:
        return logits
    probs = logits.softmax(-1)
    better = probs[:, None, :] > probs[:, :, None]  # (B, V, V): which tokens are before each
    before = (better * probs[:, None, :]).sum(-1)
    stays = (before < p) | (before == 0)
    return torch.where(stays, logits, torch.full_like(logits, -torch.inf))


# === rising: sorts in rising order and compares what is left with 1 - p, as transformers does
def filter_top_p(logits, p):
    if p >= 1.0:
        return logits
    ascending, indices = torch.sort(logits, descending=False)
    remove = ascending.softmax(dim=-1).cumsum(dim=-1) <= 1 - p
    remove[..., -1:] = False
    remove = remove.scatter(1, indices, remove)
    return logits.masked_fill(remove, -float("Inf"))
