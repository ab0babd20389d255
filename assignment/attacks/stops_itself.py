# expect: timeout
# about: stops its own process, which only a SIGKILL ends
# task: rmsnorm
# place: body
def _norm(self, x):
    import os
    import signal

    os.kill(os.getpid(), signal.SIGSTOP)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
