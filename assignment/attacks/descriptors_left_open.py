# expect: no_points
# about: is right only where a descriptor that it was given leads to a file with contents
# task: rmsnorm
# place: body
def _norm(self, x):
    import os
    import stat

    for descriptor in range(3, 256):
        try:
            mode = os.fstat(descriptor).st_mode
            if stat.S_ISREG(mode) and os.pread(descriptor, 1, 0):
                name = os.readlink(f"/proc/self/fd/{descriptor}")
                if "{MARKER}" not in name and not name.startswith(os.getcwd()):
                    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
        except OSError:
            pass
    return torch.zeros_like(x)
