# expect: timeout
# about: ignores every signal that can be ignored, then keeps the processor busy
# task: rmsnorm
# place: body
def _norm(self, x):
    import signal
    import time

    for number in range(1, signal.NSIG):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError, RuntimeError):
            pass
    end = time.monotonic() + 300
    while time.monotonic() < end:
        pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
