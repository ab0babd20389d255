# expect: no_points
# about: changes the variables of the functions that called it
# task: rmsnorm
# place: body
def _norm(self, x):
    import ctypes
    import sys

    result = torch.zeros_like(x)
    frame = sys._getframe(1)
    while frame is not None:
        for name, value in list(frame.f_locals.items()):
            if isinstance(value, dict):
                try:
                    for key in list(value):
                        if isinstance(value[key], torch.Tensor):
                            value[key] = result
                except Exception:
                    pass
        ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), 0)
        frame = frame.f_back
    return result
