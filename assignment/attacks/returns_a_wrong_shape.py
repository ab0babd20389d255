# expect: no_points
# about: returns one axis too many
# task: rmsnorm
# place: body
def _norm(self, x):
    return (x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps))[None]
