# expect: timeout
# about: lets a child in a session of its own do the looping, and waits for it
# task: rmsnorm
# place: body
def _norm(self, x):
    import os
    import time

    child = os.fork()
    if child == 0:
        try:
            os.setsid()
            import ctypes

            ctypes.CDLL(None).prctl(15, b"{MARKER}", 0, 0, 0)  # PR_SET_NAME
            time.sleep(120)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
