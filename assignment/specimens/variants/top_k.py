"""Honest ways to write top_k; `assignment/specimens/__init__.py` has the format."""


# === count_the_better: a token stays where fewer than k are better
def filter_top_k(logits, k):
    better = (logits[:, None, :] > logits[:, :, None]).sum(dim=-1)
    return torch.where(better < k, logits, torch.tensor(float("-inf"), dtype=logits.dtype))


# === in_a_copy: writes into a copy
def filter_top_k(logits, k):
    values, _ = torch.topk(logits, min(k, logits.size(-1)))
    out = logits.clone()
    out[out < values[:, [-1]]] = -float("Inf")
    return out


# === loop: sorts one row after the other
def filter_top_k(logits, k):
    rows = []
    for row in logits:
        ordered = sorted(row.tolist(), reverse=True)
        threshold = ordered[k - 1] if k <= len(ordered) else ordered[-1]
        rows.append(torch.where(row >= threshold, row, torch.full_like(row, float("-inf"))))
    return torch.stack(rows)


# === sort: takes the bar from a sort
def filter_top_k(logits, k):
    if k >= logits.shape[-1]:
        return logits.clone()
    descending, _ = logits.sort(dim=-1, descending=True)
    threshold = descending[..., k - 1].unsqueeze(-1)
    return logits.masked_fill(logits < threshold, float("-inf"))
