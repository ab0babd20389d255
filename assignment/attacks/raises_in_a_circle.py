# expect: crashed
# about: raises an exception that is the cause of itself, at the end of a chain of ten thousand
# task: rmsnorm
# place: body
def _norm(self, x):
    error = first = ValueError("first")
    for number in range(10_000):
        later = ValueError(f"number {number}")
        later.__cause__ = error
        error = later
    first.__context__ = error
    raise error
