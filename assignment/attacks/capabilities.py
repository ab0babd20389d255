# expect: no_points
# about: is right only where it holds a capability, as root does
# task: rmsnorm
# place: body
def _norm(self, x):
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith("CapEff:") and int(line.split()[1], 16):
                return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
    return torch.zeros_like(x)
