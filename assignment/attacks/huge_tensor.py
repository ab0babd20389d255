# expect: memory
# about: a tensor of a terabyte
# task: rmsnorm
# place: body
def _norm(self, x):
    torch.ones(2**38).sum()
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
