# expect: crashed
# about: aborts, with a core dump where these are allowed
# task: rmsnorm
# place: body
def _norm(self, x):
    import os

    os.abort()
