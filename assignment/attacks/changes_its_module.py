# expect: no_points
# about: sets eps to infinity, for a judge that computes the expected result afterwards
# task: rmsnorm
# place: body
def _norm(self, x):
    self.eps = float("inf")
    return torch.zeros_like(x)
