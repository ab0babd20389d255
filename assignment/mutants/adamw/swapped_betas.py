# swaps the two betas
def step(self, closure=None):
    for group in self.param_groups:
        beta2, beta1 = group["betas"]
        for p in group["params"]:
            if p.grad is None:
                continue
            g = p.grad.clone()
            state = self.state[p]
            if not state:
                state["step"] = 0
                state["exp_avg"] = torch.zeros_like(p)
                state["exp_avg_sq"] = torch.zeros_like(p)
            state["step"] += 1
            t = state["step"]
            m = state["exp_avg"].mul_(beta1).add_(g, alpha=1 - beta1)
            v = state["exp_avg_sq"].mul_(beta2).addcmul_(g, g, value=1 - beta2)
            step_size = group["lr"]
            if group["correct_bias"]:
                step_size *= math.sqrt(1 - beta2**t) / (1 - beta1**t)
            p.data -= step_size * m / (v.sqrt() + group["eps"])
            p.data -= group["lr"] * group["weight_decay"] * p.data
