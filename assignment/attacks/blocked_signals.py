# expect: timeout
# about: blocks all signals and sleeps in C
# task: rmsnorm
# place: body
def _norm(self, x):
    import signal
    import time

    signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
    time.sleep(300)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
