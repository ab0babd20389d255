# expect: crashed
# about: raises what a failed check of the grader's own would raise
# task: rmsnorm
# place: body
def _norm(self, x):
    raise AssertionError("rmsnorm/large: normalised is right")
