# expect: crashed
# about: ends the process with status 0, as a passed test would
# task: rmsnorm
# place: body
def _norm(self, x):
    import os

    os._exit(0)
