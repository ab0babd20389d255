# expect: no_points
# about: raises the error of an empty task, with markup
# task: rmsnorm
# place: body
def _norm(self, x):
    raise NotImplementedError("<script>alert('{MARKER}')</script> rmsnorm passed")
