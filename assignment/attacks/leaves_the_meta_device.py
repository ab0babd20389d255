# expect: no_points
# about: lets all tensors made from now on be without contents
# task: rmsnorm
# place: body
def _norm(self, x):
    result = torch.zeros_like(x)
    torch.set_default_device("meta")
    return result
