# expect: no_points
# about: returns a tensor without elements
# task: rmsnorm
# place: body
def _norm(self, x):
    return x[:0]
