# expect: crashed
# about: raises an exception whose class is named in markup
# task: rmsnorm
# place: body
def _norm(self, x):
    raise type("<script>alert('{MARKER}')</script>", (Exception,), {})("\x1b[2J")
