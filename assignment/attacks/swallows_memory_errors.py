# expect: timeout
# about: asks for too much memory, is refused, and asks again
# task: rmsnorm
# place: body
def _norm(self, x):
    import time

    end = time.monotonic() + 300
    while time.monotonic() < end:
        try:
            bytearray(2**45)
        except BaseException:
            continue
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
