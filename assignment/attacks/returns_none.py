# expect: no_points
# about: returns None
# task: rmsnorm
# place: body
def _norm(self, x):
    return None
