# expect: passed_harmless
# about: right, and leaves a process that keeps every descriptor open, the pipe of the results too
# task: rmsnorm
# place: body
def _norm(self, x):
    import os
    import signal
    import time

    if os.fork() == 0:
        try:
            os.setsid()
            if os.fork() == 0:
                import ctypes

                ctypes.CDLL(None).prctl(15, b"{MARKER}", 0, 0, 0)  # PR_SET_NAME
                for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
                    signal.signal(number, signal.SIG_IGN)
                time.sleep(120)
        finally:
            os._exit(0)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
