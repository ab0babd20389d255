# expect: passed_harmless
# about: right, and writes 1 GB to standard error, without an end of line
# task: rmsnorm
# place: body
def _norm(self, x):
    import os
    import sys

    block = b"x" * 1_000_000
    rounds, sys.flood = getattr(sys, "flood", 1000), 0  # the first time only
    for _ in range(rounds):
        try:
            os.write(2, block)
        except OSError:
            break
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
