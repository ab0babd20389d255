# expect: crashed
# about: reads address 0
# task: rmsnorm
# place: body
def _norm(self, x):
    import ctypes

    ctypes.string_at(0)
