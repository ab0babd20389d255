# expect: crashed
# about: raises a SyntaxError that says it stands in the secret's file
# task: rmsnorm
# place: body
def _norm(self, x):
    raise SyntaxError("invalid syntax", ("{SECRET}", 1, 1, None))
