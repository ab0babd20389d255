# expect: crashed
# about: raises an exception with a text of 100 MB
# task: rmsnorm
# place: body
def _norm(self, x):
    raise ValueError("x" * 100_000_000)
