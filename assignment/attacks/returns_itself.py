# expect: no_points
# about: returns a list that contains itself
# task: rmsnorm
# place: body
def _norm(self, x):
    endless = []
    endless.append(endless)
    return endless
