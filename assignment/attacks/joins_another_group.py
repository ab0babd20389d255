# expect: timeout
# about: moves to its parent's process group, where a sweep of its own group misses it, and loops
# task: rmsnorm
# place: body
def _norm(self, x):
    import os
    import time

    try:
        os.setpgid(0, os.getpgid(os.getppid()))
    except OSError:
        pass
    end = time.monotonic() + 300
    while time.monotonic() < end:
        pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
