# joins the parameters of a group to one long vector
def step(self, closure=None):
    loss = None
    if closure is not None:
        with torch.enable_grad():
            loss = closure()
    with torch.no_grad():
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if not params:
                continue
            if any(p.grad.is_sparse for p in params):
                raise RuntimeError("sparse gradient")
            beta1, beta2 = group["betas"]
            for p in params:
                if not self.state[p]:
                    self.state[p] = {
                        "step": 0,
                        "exp_avg": torch.zeros_like(p),
                        "exp_avg_sq": torch.zeros_like(p),
                    }
                self.state[p]["step"] += 1

            def flat(tensors):
                return torch.cat([t.reshape(-1) for t in tensors])

            weights = flat(params)
            g = flat(p.grad for p in params)
            m = flat(self.state[p]["exp_avg"] for p in params) * beta1 + g * (1 - beta1)
            v = flat(self.state[p]["exp_avg_sq"] for p in params) * beta2 + g**2 * (1 - beta2)
            steps = flat(torch.full_like(p, self.state[p]["step"]) for p in params).double()
            rate = torch.full_like(steps, group["lr"])
            if group["correct_bias"]:
                rate = rate * (1 - beta2**steps).sqrt() / (1 - beta1**steps)
            weights = weights - rate.to(g.dtype) * m / (v.sqrt() + group["eps"])
            weights = weights * (1 - group["lr"] * group["weight_decay"])

            sizes = [p.numel() for p in params]
            pieces = zip(params, weights.split(sizes), m.split(sizes), v.split(sizes), strict=True)
            for p, w, new_m, new_v in pieces:
                p.copy_(w.view_as(p))
                self.state[p]["exp_avg"] = new_m.reshape(p.shape).clone()
                self.state[p]["exp_avg_sq"] = new_v.reshape(p.shape).clone()
    return loss
