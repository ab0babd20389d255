# expect: crashed
# about: returns a tensor over memory that is not its own
# task: rmsnorm
# place: body
def _norm(self, x):
    import ctypes

    import numpy as np

    nowhere = (ctypes.c_float * x.numel()).from_address(8)
    return torch.from_numpy(np.ctypeslib.as_array(nowhere)).view(x.shape)
