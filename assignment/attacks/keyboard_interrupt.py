# expect: crashed
# about: raises KeyboardInterrupt, as if the teacher had pressed Ctrl-C
# task: rmsnorm
# place: body
def _norm(self, x):
    raise KeyboardInterrupt
