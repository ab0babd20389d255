# expect: passed_harmless
# about: right, as a parameter that wants a gradient
# task: rmsnorm
# place: body
def _norm(self, x):
    return nn.Parameter((x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)).clone())
