# expect: no_points
# about: returns complex numbers
# task: rmsnorm
# place: body
def _norm(self, x):
    return torch.complex(
        x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps), torch.ones_like(x)
    )
