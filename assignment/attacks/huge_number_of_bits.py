# expect: memory
# about: an integer of a hundred billion digits
# task: rmsnorm
# place: body
def _norm(self, x):
    1 << (2**39)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
