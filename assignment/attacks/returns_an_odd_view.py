# expect: passed_harmless
# about: right, as a view that stands backwards in memory
# task: rmsnorm
# place: body
def _norm(self, x):
    result = x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
    backwards = torch.empty(result.shape[::-1]).permute(*range(result.ndim)[::-1])
    return backwards.copy_(result)
