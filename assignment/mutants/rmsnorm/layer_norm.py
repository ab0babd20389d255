# subtracts the mean first, which is LayerNorm
def _norm(self, x):
    x = x - x.mean(dim=-1, keepdim=True)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
