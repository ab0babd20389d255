# expect: timeout
# about: sleeps, and uses no processor time that a limit could count
# task: rmsnorm
# place: body
def _norm(self, x):
    import time

    time.sleep(300)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
