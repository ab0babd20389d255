# expect: no_points
# about: returns a sparse tensor that pretends to have 2**60 elements
# task: rmsnorm
# place: body
def _norm(self, x):
    return torch.sparse_coo_tensor(torch.zeros(1, 1, dtype=torch.long), torch.ones(1), (2**60,))
