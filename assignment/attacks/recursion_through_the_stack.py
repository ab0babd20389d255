# expect: crashed
# about: goes down through C until the stack is used up
# task: rmsnorm
# place: body
def _norm(self, x):
    import sys

    sys.setrecursionlimit(2**30)
    nested = []
    for _ in range(10**6):
        nested = [nested]
    repr(nested)
    raise RecursionError("this interpreter knows how to end it")
