# expect: memory
# about: small objects until there is no room for them (12 GB at most)
# task: rmsnorm
# place: body
def _norm(self, x):
    hoard = []
    for number in range(24_000_000):
        hoard.append(str(number) * 60)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
