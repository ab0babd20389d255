# expect: timeout
# about: never returns
# task: rmsnorm
# place: body
def _norm(self, x):
    while True:
        pass
