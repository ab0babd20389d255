# expect: no_points
# about: a Tensor subclass that agrees with everything it is compared with
# task: rmsnorm
# place: body
def _norm(self, x):
    class Agreeable(torch.Tensor):
        @classmethod
        def __torch_function__(cls, function, types, args=(), kwargs=None):
            name = getattr(function, "__name__", "")
            if name in ("allclose", "equal", "__bool__", "all", "__eq__", "eq", "isclose"):
                return True
            if name in ("sub", "__sub__", "rsub", "__rsub__", "abs"):
                return torch.zeros(args[0].shape)
            return super().__torch_function__(function, types, args, kwargs or {})

        def __eq__(self, other):
            return True

    return torch.zeros_like(x).as_subclass(Agreeable)
