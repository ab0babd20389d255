# expect: timeout
# about: lets children fill memory, each within a limit of its own (2 GB at most)
# task: rmsnorm
# place: body
def _norm(self, x):
    import os
    import time

    for _ in range(8):
        try:
            if os.fork() == 0:
                try:
                    import ctypes

                    ctypes.CDLL(None).prctl(15, b"{MARKER}", 0, 0, 0)  # PR_SET_NAME
                    hoard = bytearray(b"x") * 250_000_000
                    time.sleep(60)
                finally:
                    os._exit(0)
        except OSError:
            break
    time.sleep(300)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
