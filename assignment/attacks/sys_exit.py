# expect: crashed
# about: raises SystemExit with status 0
# task: rmsnorm
# place: body
def _norm(self, x):
    import sys

    sys.exit(0)
