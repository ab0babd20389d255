# expect: no_points
# about: a Tensor subclass that lies about shape, dtype and number of elements
# task: rmsnorm
# place: body
def _norm(self, x):
    class Liar(torch.Tensor):
        shape = property(lambda self: torch.Size([2, 5, 8]))
        dtype = property(lambda self: torch.float32)
        is_sparse = is_meta = False

        def numel(self):
            return 0

        def size(self, *_):
            return self.shape

    return torch.zeros(1, 1, dtype=torch.float64).as_subclass(Liar)
