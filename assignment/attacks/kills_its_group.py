# expect: crashed
# about: kills its process group
# task: rmsnorm
# place: body
def _norm(self, x):
    import os
    import signal

    os.killpg(0, signal.SIGKILL)
