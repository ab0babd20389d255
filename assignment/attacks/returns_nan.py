# expect: no_points
# about: returns nothing but NaN
# task: rmsnorm
# place: body
def _norm(self, x):
    return torch.full_like(x, float("nan"))
