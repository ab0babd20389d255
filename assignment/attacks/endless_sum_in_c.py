# expect: timeout
# about: adds for years in one call of C
# task: rmsnorm
# place: body
def _norm(self, x):
    sum(range(10**15))
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
