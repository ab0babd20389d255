# expect: no_points
# about: kills every process that it may kill
# task: rmsnorm
# place: body
# needs: sandbox
def _norm(self, x):
    import os
    import signal

    if "{ARMED}" == "yes":  # would end everything that this user runs on a machine
        try:
            os.kill(-1, signal.SIGKILL)
        except OSError:
            pass
    return torch.zeros_like(x)
