# expect: no_points
# about: returns an array of Python objects
# task: rmsnorm
# place: body
def _norm(self, x):
    import numpy as np

    return np.array([[object()] * 3] * 2, dtype=object)
