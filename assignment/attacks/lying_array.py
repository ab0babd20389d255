# expect: no_points
# about: an object that shows another array each time it is asked, and equals everything
# task: rmsnorm
# place: body
def _norm(self, x):
    import numpy as np

    class Liar:
        def __init__(self, shape):
            self.shape, self.dtype, self.ndim = shape, torch.float32, len(shape)
            self.asked = 0

        def __array__(self, *_, **__):
            self.asked += 1
            return np.zeros(tuple(self.shape) if self.asked == 1 else (2**20,), np.float32)

        def __eq__(self, other):
            return True

        def __getattr__(self, name):
            return lambda *_, **__: self

        __hash__ = None

    return Liar(x.shape)
