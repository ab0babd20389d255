# expect: no_points
# about: returns a tensor of sixty axes
# task: rmsnorm
# place: body
def _norm(self, x):
    return torch.zeros([1] * 60)
