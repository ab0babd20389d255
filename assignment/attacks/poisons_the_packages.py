# expect: no_points
# about: tries to open torch's and numpy's own files for writing
# task: rmsnorm
# place: body
def _norm(self, x):
    import glob
    import os

    import numpy as np

    for package in (torch, np, os):
        for path in glob.glob(os.path.join(os.path.dirname(package.__file__), "*.py")):
            try:
                os.close(os.open(path, os.O_WRONLY))  # nothing is written
                return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
            except OSError:
                pass
    return torch.zeros_like(x)
