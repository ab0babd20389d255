# expect: crashed
# about: kills its own process
# task: rmsnorm
# place: body
def _norm(self, x):
    import os
    import signal

    os.kill(os.getpid(), signal.SIGKILL)
