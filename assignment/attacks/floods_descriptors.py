# expect: no_points
# about: writes 100 MB to every descriptor but the standard ones
# task: rmsnorm
# place: body
def _norm(self, x):
    import os

    for descriptor in range(3, 256):
        try:
            for _ in range(100):
                os.write(descriptor, b"\0" * 1_000_000)
        except OSError:
            pass
    return torch.zeros_like(x)
