# expect: no_points
# about: a Tensor subclass that answers every operation with a tensor of ones
# task: rmsnorm
# place: body
def _norm(self, x):
    class Dispatching(torch.Tensor):
        @staticmethod
        def __new__(cls, shape):
            return torch.Tensor._make_wrapper_subclass(cls, shape)

        @classmethod
        def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
            return torch.ones(())

    return Dispatching(x.shape)
