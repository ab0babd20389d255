# expect: timeout
# about: catches every exception and goes on
# task: rmsnorm
# place: body
def _norm(self, x):
    import time

    end = time.monotonic() + 300
    while time.monotonic() < end:
        try:
            while time.monotonic() < end:
                sum(range(10_000))
        except BaseException:
            continue
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
