# expect: passed_harmless
# about: right, and closes standard input, output and error
# task: rmsnorm
# place: body
def _norm(self, x):
    import os
    import sys

    for descriptor in range(3):
        try:
            os.close(descriptor)
        except OSError:
            pass
    sys.stdout = sys.stderr = None
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
