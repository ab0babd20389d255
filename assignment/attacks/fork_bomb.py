# expect: timeout
# about: doubles its processes until nothing more can be started (at most 512, for a minute)
# task: rmsnorm
# place: body
def _norm(self, x):
    import os
    import time

    import ctypes

    ctypes.CDLL(None).prctl(15, b"{MARKER}", 0, 0, 0)  # PR_SET_NAME
    for _ in range(9):
        try:
            os.fork()
        except OSError:
            pass
    time.sleep(60)
    os._exit(0)
