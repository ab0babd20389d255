# expect: no_points
# about: kills parent, grandparent and so on up to the first process
# task: rmsnorm
# place: body
# needs: sandbox
def _norm(self, x):
    import os
    import signal

    process = os.getppid()
    while "{ARMED}" == "yes" and process > 1:
        try:
            with open(f"/proc/{process}/stat") as file:
                above = int(file.read().rpartition(")")[2].split()[1])
            os.kill(process, signal.SIGKILL)
        except OSError:
            break
        process = above
    return torch.zeros_like(x)
