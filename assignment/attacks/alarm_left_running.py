# expect: passed_harmless
# about: right, and has its process killed by a timer half a minute later
# task: rmsnorm
# place: body
def _norm(self, x):
    import signal

    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, 30)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
