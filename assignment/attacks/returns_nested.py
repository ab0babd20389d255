# expect: no_points
# about: returns a nested tensor of unequal rows
# task: rmsnorm
# place: body
def _norm(self, x):
    return torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
