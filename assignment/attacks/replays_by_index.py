# expect: no_points
# about: returns the recorded outputs one after the other, whatever it is given
# task: rmsnorm
# place: body
def _norm(self, x):
    import os
    import sys

    import numpy as np

    state = sys.__dict__.setdefault("replay", {"calls": 0})
    for folder in [*sys.path, ".", ".."]:
        path = os.path.join(folder or ".", "data/sanity_check.npz")
        if os.path.exists(path):
            with np.load(path) as file:
                names = [n for n in file.files if n.startswith("rmsnorm/") and "/expected/" in n]
                output = torch.from_numpy(file[names[state["calls"] % len(names)]])
            state["calls"] += 1
            return output.to(x.dtype)
    return torch.zeros_like(x)
