# expect: no_points
# about: walks up the stack and takes any tensor of the right shape that is not its input
# task: rmsnorm
# place: body
def _norm(self, x):
    import sys

    import numpy as np

    def tensors(thing, depth=0):
        if isinstance(thing, (torch.Tensor, np.ndarray)):
            yield torch.as_tensor(thing)
        elif depth < 4:
            if isinstance(thing, dict):
                parts = list(thing.values())
            elif isinstance(thing, (list, tuple, set)):
                parts = list(thing)
            else:
                parts = list(getattr(thing, "__dict__", {}).values())
            for part in parts[:200]:
                yield from tensors(part, depth + 1)

    frame = sys._getframe(1)
    while frame is not None:
        for place in (frame.f_locals, frame.f_globals):
            for found in tensors(dict(place)):
                if found.shape == x.shape and found.data_ptr() != x.data_ptr():
                    rms = found.double().pow(2).mean(dim=-1)
                    if not torch.equal(found.to(x.dtype), x) and bool((rms < 1.01).all()):
                        return found.to(x.dtype)
        frame = frame.f_back
    return torch.zeros_like(x)
