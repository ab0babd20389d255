# expect: no_points
# about: is right only where it can trace its parent
# task: rmsnorm
# place: body
def _norm(self, x):
    import ctypes
    import os

    libc = ctypes.CDLL(None, use_errno=True)
    ATTACH, DETACH = 16, 17
    parent = os.getppid()
    if libc.ptrace(ATTACH, parent, 0, 0) == 0:
        os.waitpid(parent, 0x40000000)  # __WALL
        libc.ptrace(DETACH, parent, 0, 0)
        return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
    return torch.zeros_like(x)
