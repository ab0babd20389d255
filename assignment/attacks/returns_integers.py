# expect: no_points
# about: returns integers
# task: rmsnorm
# place: body
def _norm(self, x):
    return (x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)).long()
