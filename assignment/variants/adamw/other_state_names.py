# counts the powers of beta by multiplying, and calls its state m, v and so on
@torch.no_grad()
def step(self, closure=None):
    loss = None
    if closure is not None:
        with torch.enable_grad():
            loss = closure()
    for group in self.param_groups:
        b1, b2 = group["betas"]
        for p in group["params"]:
            g = p.grad
            if g is None:
                continue
            if g.is_sparse:
                raise RuntimeError("no sparse gradients, please")
            s = self.state[p]
            if "m" not in s:
                s["m"], s["v"] = torch.zeros_like(g), torch.zeros_like(g)
                s["b1_to_the_t"], s["b2_to_the_t"] = 1.0, 1.0
            s["b1_to_the_t"] *= b1
            s["b2_to_the_t"] *= b2
            s["m"] += (1 - b1) * (g - s["m"])
            s["v"] += (1 - b2) * (g * g - s["v"])
            lr = group["lr"]
            if group["correct_bias"]:
                lr = lr * math.sqrt(1 - s["b2_to_the_t"]) / (1 - s["b1_to_the_t"])
            p -= lr * s["m"].div(s["v"].sqrt() + group["eps"])
            p -= group["lr"] * group["weight_decay"] * p
    return loss
