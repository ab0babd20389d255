# expect: memory
# about: a tensor that is joined with itself until there is no room for it (12 GB at most)
# task: rmsnorm
# place: body
def _norm(self, x):
    hoard = torch.ones(1024)
    while hoard.numel() < 2**31:
        hoard = torch.cat((hoard, hoard))
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
