# expect: no_points
# about: forks, so that two processes hand in results
# task: rmsnorm
# place: body
def _norm(self, x):
    import os

    os.fork()
    return torch.zeros_like(x)
