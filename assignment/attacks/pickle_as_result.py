# expect: no_points
# about: an object array that runs code when it is unpickled
# task: rmsnorm
# place: body
def _norm(self, x):
    import numpy as np

    class Evil:
        def __reduce__(self):
            return open, ("{CANARY}/pickle-{MARKER}", "w")

    array = np.empty(tuple(x.shape), dtype=object)
    array[...] = Evil()
    return array
