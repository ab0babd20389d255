# expect: crashed
# about: raises from code that calls itself the secret's file, so that a traceback quotes its lines
# task: rmsnorm
# place: body
def _norm(self, x):
    code = compile("1 / 0", "{SECRET}", "exec")
    exec(code, {})
