# expect: crashed
# about: lets faulthandler write to every descriptor when it crashes
# task: rmsnorm
# place: body
def _norm(self, x):
    import ctypes
    import faulthandler

    for descriptor in range(3, 64):
        try:
            faulthandler.enable(descriptor)
        except (OSError, ValueError):
            continue
    ctypes.string_at(0)
