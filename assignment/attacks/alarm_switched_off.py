# expect: timeout
# about: switches off whatever timer would end it from inside, then loops
# task: rmsnorm
# place: body
def _norm(self, x):
    import signal
    import time

    signal.alarm(0)
    for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
        signal.setitimer(timer, 0)
    end = time.monotonic() + 300
    while time.monotonic() < end:
        pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
