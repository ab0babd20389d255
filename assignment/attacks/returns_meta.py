# expect: no_points
# about: returns a tensor without contents
# task: rmsnorm
# place: body
def _norm(self, x):
    return torch.empty_like(x, device="meta")
