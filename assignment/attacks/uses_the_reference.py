# expect: no_points
# about: imports the reference and lets it compute the result
# task: rmsnorm
# place: body
def _norm(self, x):
    import os
    import sys

    import numpy as np

    sys.path += [os.getcwd(), "..", "../..", "/"]
    for name in ("assignment.reference", "reference"):
        try:
            reference = __import__(name, fromlist=["rmsnorm"])
            return torch.from_numpy(reference.rmsnorm(x.double().numpy(), self.eps)).to(x.dtype)
        except BaseException:
            pass
    return torch.zeros_like(x)
