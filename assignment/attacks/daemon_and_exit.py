# expect: crashed
# about: leaves a process in a session of its own, and exits before it could be swept
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
    os._exit(0)
