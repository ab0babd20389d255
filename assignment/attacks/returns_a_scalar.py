# expect: no_points
# about: returns a single number, which broadcasts
# task: rmsnorm
# place: body
def _norm(self, x):
    return torch.tensor(0.0)
