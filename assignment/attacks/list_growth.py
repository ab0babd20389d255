# expect: memory
# about: a list that grows until there is no room for it (12 GB at most)
# task: rmsnorm
# place: body
def _norm(self, x):
    hoard = []
    for _ in range(12_000):
        hoard.append(bytearray(b"x") * 1_000_000)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
