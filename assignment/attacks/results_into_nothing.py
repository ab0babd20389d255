# expect: no_points
# about: leads every descriptor to /dev/null
# task: rmsnorm
# place: body
def _norm(self, x):
    import os

    nothing = os.open("/dev/null", os.O_RDWR)
    for descriptor in range(256):
        try:
            os.dup2(nothing, descriptor)
        except OSError:
            pass
    return torch.zeros_like(x)
