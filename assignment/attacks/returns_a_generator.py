# expect: no_points
# about: returns a generator that never ends
# task: rmsnorm
# place: body
def _norm(self, x):
    import itertools

    return (torch.zeros(1) for _ in itertools.count())
