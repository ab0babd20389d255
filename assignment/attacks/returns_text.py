# expect: no_points
# about: returns text, with markup and control characters
# task: rmsnorm
# place: body
def _norm(self, x):
    return "<script>alert('{MARKER}')</script>\x1b[2J\x1b]0;{MARKER}\x07"
