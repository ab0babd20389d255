"""Honest ways to write clipping; `assignment/specimens/__init__.py` has the format."""


# === norm_of_norms: takes the norm of the gradients' norms
def clip_gradients(parameters, max_norm):
    if max_norm <= 0:
        raise ValueError("max_norm must be positive")
    parameters = [p for p in parameters if p.grad is not None]
    if not parameters:
        return 0.0
    total_norm = torch.norm(torch.stack([torch.norm(p.grad.detach(), 2) for p in parameters]), 2)
    if total_norm > max_norm:
        clip_coef = max_norm / (total_norm + 1e-6)
        for p in parameters:
            p.grad.detach().mul_(clip_coef)
    return total_norm.item()


# === one_vector: joins all gradients to one vector
def clip_gradients(parameters, max_norm):
    if not max_norm > 0:
        raise ValueError(f"{max_norm} is no bound")
    grads = [p.grad for p in parameters if p.grad is not None]
    vector = torch.cat([torch.zeros(1), *(g.detach().reshape(-1) for g in grads)])
    norm = float(vector.double().pow(2).sum().sqrt())
    if norm > max_norm:
        scale = max_norm / (norm + 1e-6)
        for g in grads:
            g.copy_(g * scale)
    return norm


# === new_gradients: puts new gradients in the place of the old
def clip_gradients(parameters, max_norm):
    if max_norm <= 0:
        raise ValueError("the bound has to be above 0")
    with_grad = []
    square = 0.0
    for p in parameters:
        if p.grad is None:
            continue
        with_grad.append(p)
        square += float((p.grad * p.grad).sum())
    norm = square**0.5
    for p in with_grad:
        if norm > max_norm:
            p.grad = p.grad * (max_norm / (norm + 1e-6))
    return norm
