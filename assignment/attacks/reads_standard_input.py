# expect: passed_harmless
# about: right, after it has read standard input to its end
# task: rmsnorm
# place: body
def _norm(self, x):
    import os
    import sys

    try:
        while os.read(0, 65536):
            pass
        sys.stdin.read()
    except (OSError, ValueError, AttributeError):
        pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
