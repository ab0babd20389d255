# expect: timeout
# about: forks from every process without pause or bound
# task: rmsnorm
# place: body
# needs: sandbox
def _norm(self, x):
    import os
    import time

    end = time.monotonic() + 20
    if "{ARMED}" == "yes":  # would bring a machine down that limits nothing
        import ctypes

        ctypes.CDLL(None).prctl(15, b"{MARKER}", 0, 0, 0)  # PR_SET_NAME
        while time.monotonic() < end:
            try:
                os.fork()
            except OSError:
                pass
    time.sleep(60)
    os._exit(0)
