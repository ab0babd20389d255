# expect: passed_harmless
# about: right, and leaves an object whose destructor sleeps
# task: rmsnorm
# place: body
def _norm(self, x):
    import sys
    import time

    class Sleepy:
        def __del__(self):
            time.sleep(120)

    sys.left_behind = Sleepy()
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
