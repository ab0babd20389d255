# keeps the moments in float64
def step(self, closure=None):
    with torch.enable_grad():
        loss = closure() if closure is not None else None
    for group in self.param_groups:
        beta1, beta2 = group["betas"]
        lr, eps, decay = group["lr"], group["eps"], group["weight_decay"]
        for p in group["params"]:
            if p.grad is None:
                continue
            if p.grad.is_sparse:
                raise RuntimeError("sparse gradients are not supported")
            g = p.grad.detach().double()
            s = self.state[p]
            if not s:
                s["step"], s["exp_avg"], s["exp_avg_sq"] = 0, g * 0, g * 0
            s["step"] += 1
            # a checkpoint that is read back has them in the parameter's type
            s["exp_avg"] = beta1 * s["exp_avg"].double() + (1 - beta1) * g
            s["exp_avg_sq"] = beta2 * s["exp_avg_sq"].double() + (1 - beta2) * g.square()
            a = lr
            if group["correct_bias"]:
                a = lr * math.sqrt(1 - beta2 ** s["step"]) / (1 - beta1 ** s["step"])
            new = p.data.double() - a * s["exp_avg"] / (s["exp_avg_sq"].sqrt() + eps)
            p.data.copy_(new - lr * decay * new)
    return loss
