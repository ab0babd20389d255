# spells every line of the algorithm, without operations in place
def step(self, closure=None):
    loss = None
    if closure is not None:
        with torch.enable_grad():
            loss = closure()

    for group in self.param_groups:
        for p in group["params"]:
            if p.grad is None:
                continue
            grad = p.grad.data
            if grad.is_sparse:
                raise RuntimeError("Adam does not support sparse gradients")

            # State should be stored in this dictionary
            state = self.state[p]
            if len(state) == 0:
                state["step"] = 0
                state["exp_avg"] = torch.zeros_like(p.data)
                state["exp_avg_sq"] = torch.zeros_like(p.data)

            # Access hyperparameters from the `group` dictionary
            alpha = group["lr"]
            beta1 = group["betas"][0]
            beta2 = group["betas"][1]
            eps = group["eps"]
            weight_decay = group["weight_decay"]

            # Update first and second moments of the gradients
            state["step"] = state["step"] + 1
            t = state["step"]
            m = beta1 * state["exp_avg"] + (1 - beta1) * grad
            v = beta2 * state["exp_avg_sq"] + (1 - beta2) * grad * grad
            state["exp_avg"] = m
            state["exp_avg_sq"] = v

            # Bias correction
            if group["correct_bias"]:
                alpha_t = alpha * (1 - beta2**t) ** 0.5 / (1 - beta1**t)
            else:
                alpha_t = alpha

            # Update parameters
            p.data = p.data - alpha_t * m / (torch.sqrt(v) + eps)

            # Add weight decay after the main gradient-based updates
            p.data = p.data - alpha * weight_decay * p.data
    return loss
