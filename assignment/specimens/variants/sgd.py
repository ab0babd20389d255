"""Honest ways to write sgd; `assignment/specimens/__init__.py` has the format."""


# === course: as the course's own example does, with its state called t
def step(self, closure=None):
    loss = None
    if closure is not None:
        with torch.enable_grad():
            loss = closure()
    for group in self.param_groups:
        lr = group["lr"]
        for p in group["params"]:
            if p.grad is None:
                continue
            state = self.state[p]
            t = state.get("t", 0)
            grad = p.grad.data
            if group["decaying"]:
                p.data -= lr / math.sqrt(t + 1) * grad
            else:
                p.data -= lr * grad
            state["t"] = t + 1
    return loss


# === foreach: works on a list of tensors at once
@torch.no_grad()
def step(self, closure=None):
    loss = closure and torch.enable_grad()(closure)()
    for group in self.param_groups:
        params = [p for p in group["params"] if p.grad is not None]
        if not params:
            continue
        rates = []
        for p in params:
            n = self.state[p]["count"] = self.state[p].get("count", 0) + 1
            rates.append(group["lr"] * n**-0.5 if group["decaying"] else group["lr"])
        steps = torch._foreach_mul([p.grad for p in params], rates)
        torch._foreach_sub_(params, steps)
    return loss


# === new_values: computes new values and copies them in
def step(self, closure=None):
    loss = None
    if closure is not None:
        with torch.enable_grad():
            loss = closure()
    with torch.no_grad():
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    seen = self.state[p].setdefault("seen", 0)
                    divisor = (1 + seen) ** 0.5 if group["decaying"] else 1.0
                    p.copy_(p - group["lr"] / divisor * p.grad)
                    self.state[p]["seen"] += 1
    return loss
