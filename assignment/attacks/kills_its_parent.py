# expect: no_points
# about: kills the process that started it
# task: rmsnorm
# place: body
def _norm(self, x):
    import os
    import signal

    try:
        os.kill(os.getppid(), signal.SIGKILL)
    except OSError:
        pass
    return torch.zeros_like(x)
