# expect: timeout
# about: answers SIGTERM, SIGALRM, SIGXCPU and SIGINT with a shrug
# task: rmsnorm
# place: body
def _norm(self, x):
    import signal
    import time

    for number in (signal.SIGTERM, signal.SIGALRM, signal.SIGXCPU, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    end = time.monotonic() + 300
    while time.monotonic() < end:
        sum(range(10_000))
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
