# expect: crashed
# about: raises GeneratorExit
# task: rmsnorm
# place: body
def _norm(self, x):
    raise GeneratorExit
