# expect: no_points
# about: forks and exits; the child goes on and hands in the result
# task: rmsnorm
# place: body
def _norm(self, x):
    import os

    if os.fork():
        os._exit(1)
    return torch.zeros_like(x)
