# expect: memory
# about: a terabyte of bytes
# task: rmsnorm
# place: body
def _norm(self, x):
    bytearray(2**40)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
