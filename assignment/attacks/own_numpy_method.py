# expect: no_points
# about: a tensor that brings its own numpy() and detach()
# task: rmsnorm
# place: body
def _norm(self, x):
    import numpy as np

    result = torch.zeros_like(x)
    for name in ("numpy", "detach", "cpu", "tolist", "contiguous", "double", "float", "to"):
        setattr(result, name, lambda *_, **__: np.ones(1))
    return result
