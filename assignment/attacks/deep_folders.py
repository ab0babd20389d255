# expect: passed_harmless
# about: right, after it has made folders so deep that a careless clean-up fails
# task: rmsnorm
# place: body
def _norm(self, x):
    import os

    here = os.getcwd()
    try:
        for _ in range(2_000):
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
    except OSError:
        pass
    try:
        os.chdir(here)
    except OSError:
        pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
