# expect: no_points
# about: closes every descriptor, its results' pipe included
# task: rmsnorm
# place: body
def _norm(self, x):
    import os

    os.closerange(0, 256)
    return torch.zeros_like(x)
