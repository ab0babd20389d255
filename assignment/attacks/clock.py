# expect: timeout
# about: sets the clocks of Python forward and back, for a watch that believes them, and loops
# task: rmsnorm
# place: body
def _norm(self, x):
    import time

    begin = time.monotonic
    end = begin() + 300
    loop = lambda: begin() < end
    time.time = time.monotonic = time.perf_counter = lambda: 0.0
    while loop():
        pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
