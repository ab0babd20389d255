# expect: no_points
# about: sets its input to zero, for a judge that computes the expected result afterwards
# task: rmsnorm
# place: body
def _norm(self, x):
    with torch.no_grad():
        x.zero_()
    return torch.zeros_like(x)
