# expect: no_points
# about: raises exceptions in groups of groups, 2**500 if one counts them
# task: rmsnorm
# place: body
def _norm(self, x):
    error = ValueError("innermost")
    for _ in range(500):
        error = ExceptionGroup("group", [error, error])
    raise error
