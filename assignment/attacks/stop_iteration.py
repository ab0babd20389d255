# expect: crashed
# about: raises StopIteration, which ends a loop of the caller in silence
# task: rmsnorm
# place: body
def _norm(self, x):
    raise StopIteration
