# expect: timeout
# about: leaves a process in a session of its own, and loops
# task: rmsnorm
# place: body
def _norm(self, x):
    import os
    import time

    if os.fork() == 0:
        try:
            os.setsid()
            if os.fork() == 0:
                import ctypes

                ctypes.CDLL(None).prctl(15, b"{MARKER}", 0, 0, 0)  # PR_SET_NAME
                time.sleep(120)
        finally:
            os._exit(0)
    time.sleep(300)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
