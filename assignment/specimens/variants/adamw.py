"""Honest ways to write adamw; `assignment/specimens/__init__.py` has the format."""


# === flat_vector: joins the parameters of a group to one long vector
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


# === float64_moments: keeps the moments in float64
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


# === foreach: works on lists of tensors at once
@torch.no_grad()
def step(self, closure=None):
    loss = None
    if closure is not None:
        with torch.enable_grad():
            loss = closure()
    for group in self.param_groups:
        beta1, beta2 = group["betas"]
        by_step = {}
        for p in group["params"]:
            if p.grad is None:
                continue
            if p.grad.is_sparse:
                raise RuntimeError("sparse gradients are not supported")
            state = self.state[p]
            if "step" not in state:
                state.update(step=0, exp_avg=torch.zeros_like(p), exp_avg_sq=torch.zeros_like(p))
            state["step"] += 1
            by_step.setdefault(state["step"], []).append(p)
        for t, params in by_step.items():
            grads = [p.grad for p in params]
            ms = [self.state[p]["exp_avg"] for p in params]
            vs = [self.state[p]["exp_avg_sq"] for p in params]
            torch._foreach_lerp_(ms, grads, 1 - beta1)
            torch._foreach_mul_(vs, beta2)
            torch._foreach_addcmul_(vs, grads, grads, 1 - beta2)
            denominators = torch._foreach_sqrt(vs)
            torch._foreach_add_(denominators, group["eps"])
            rate = group["lr"]
            if group["correct_bias"]:
                rate *= math.sqrt(1 - beta2**t) / (1 - beta1**t)
            torch._foreach_addcdiv_(params, ms, denominators, -rate)
            torch._foreach_mul_(params, 1 - group["lr"] * group["weight_decay"])
    return loss


# === other_state_names: counts the powers of beta by multiplying, and calls its state m, v and so on
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


# === verbose: spells every line of the algorithm, without operations in place
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


# === new_moments: puts new moments in the place of the old at each step
def step(self, closure=None):
    loss = None
    if closure is not None:
        with torch.enable_grad():
            loss = closure()
    with torch.no_grad():
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                if p.grad.is_sparse:
                    raise RuntimeError("sparse")
                s = self.state[p]
                if not s:
                    s["t"], s["m"], s["v"] = 0, torch.zeros_like(p), torch.zeros_like(p)
                s["t"] += 1
                s["m"] = b1 * s["m"] + (1 - b1) * p.grad
                s["v"] = b2 * s["v"] + (1 - b2) * p.grad * p.grad
                a = group["lr"]
                if group["correct_bias"]:
                    a = a * math.sqrt(1 - b2 ** s["t"]) / (1 - b1 ** s["t"])
                p.sub_(a * s["m"] / (s["v"].sqrt() + group["eps"]))
                p.sub_(group["lr"] * group["weight_decay"] * p)
    return loss
