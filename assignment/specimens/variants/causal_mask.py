"""Honest ways to write causal_mask; `assignment/specimens/__init__.py` has the format."""


# === loops: asks for each pair by itself
def visible_tokens(T, *, causal, past=0, real=None, device=None):
    S = past + T
    B = 1 if real is None else real.shape[0]
    mask = torch.zeros(B, 1, T, S, dtype=torch.bool, device=device)
    for b in range(B):
        for t in range(T):
            for s in range(S):
                if s == past + t:
                    mask[b, 0, t, s] = True
                elif real is None or real[b, s]:
                    mask[b, 0, t, s] = not causal or s < past + t
    return mask


# === places: compares the places of keys and queries
def visible_tokens(T, *, causal, past=0, real=None, device=None):
    k_pos = torch.arange(past + T, device=device)
    q_pos = past + torch.arange(T, device=device)
    mask = torch.ones(1, 1, T, past + T, dtype=torch.bool, device=device)
    if causal:
        mask = mask & (k_pos[None, :] <= q_pos[:, None])
    if real is not None:
        mask = mask & real[:, None, None, :]
        mask = mask | (k_pos[None, :] == q_pos[:, None])
    return mask


# === square_and_past: a triangle for the new tokens, and ones for the past before it
def visible_tokens(T, *, causal, past=0, real=None, device=None):
    square = torch.ones(T, T, device=device)
    if causal:
        square = torch.tril(square)
    mask = torch.cat([torch.ones(T, past, device=device), square], dim=1) > 0
    if real is None:
        return None if mask.all() else mask
    padding = torch.logical_not(real).unsqueeze(1)  # (B, 1, S)
    diagonal = torch.cat([torch.zeros(T, past), torch.eye(T)], dim=1).bool().to(mask.device)
    allowed = mask.unsqueeze(0).masked_fill(padding, False)
    return torch.logical_or(allowed, diagonal).unsqueeze(1)


# === upper_triangle: marks what comes later, and takes the opposite
def visible_tokens(T, *, causal, past=0, real=None, device=None):
    S = past + T
    later = torch.ones((T, S), device=device).triu(diagonal=past + 1).bool()
    mask = ~later if causal else torch.ones_like(later)
    if real is not None:
        mask = mask.expand(real.shape[0], T, S) & real.unsqueeze(1).expand(-1, T, S)
        mask[:, torch.arange(T), torch.arange(past, S)] = True
        mask = mask.unsqueeze(1)
    return mask
