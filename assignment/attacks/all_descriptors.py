# expect: passed_harmless
# about: right, after it has opened files until no more can be opened
# task: rmsnorm
# place: body
def _norm(self, x):
    import os

    kept = []
    try:
        for _ in range(100_000):
            kept.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        pass
    for descriptor in kept[-20:]:
        os.close(descriptor)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
