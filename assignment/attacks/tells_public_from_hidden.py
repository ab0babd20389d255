# expect: no_points
# about: right for the inputs that a learner has, wrong for others
# task: rmsnorm
# place: body
def _norm(self, x):
    import os
    import sys

    import numpy as np

    for folder in [*sys.path, ".", ".."]:
        path = os.path.join(folder or ".", "data/sanity_check.npz")
        if os.path.exists(path):
            with np.load(path) as file:
                known = [
                    tuple(file[n].ravel()[:3].tolist()) for n in file.files if n.endswith("/x")
                ]
            if tuple(x.flatten()[:3].tolist()) in known:
                return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
    return torch.zeros_like(x)
