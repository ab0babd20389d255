# expect: no_points
# about: returns far more than the right result could hold
# task: rmsnorm
# place: body
def _norm(self, x):
    return torch.zeros(2**26)
