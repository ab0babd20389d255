# expect: no_points
# about: returns a view that pretends to have 2**40 elements
# task: rmsnorm
# place: body
def _norm(self, x):
    return torch.zeros(1).expand(2**40)
