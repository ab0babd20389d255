# expect: no_points
# about: is right only where it can open something through its parent's descriptors
# task: rmsnorm
# place: body
def _norm(self, x):
    import os

    try:
        for descriptor in os.listdir(f"/proc/{os.getppid()}/fd"):
            try:
                place = f"/proc/{os.getppid()}/fd/{descriptor}"
                if os.readlink(place) == "/dev/null":
                    continue
                os.close(os.open(place, os.O_RDONLY | os.O_NONBLOCK))
                return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
            except OSError:
                pass
    except OSError:
        pass
    return torch.zeros_like(x)
