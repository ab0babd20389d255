# expect: passed_harmless
# about: right, and prints 1 GB
# task: rmsnorm
# place: body
def _norm(self, x):
    import os
    import sys

    block = b"x" * 1_000_000
    rounds, sys.flood = getattr(sys, "flood", 1000), 0  # the first time only
    for _ in range(rounds):
        try:
            os.write(1, block)
        except OSError:
            break
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
