# computes in float64 and casts back
def _norm(self, x):
    wide = x.double()
    ms = torch.mean(torch.square(wide), -1, True)
    return (wide / torch.sqrt(ms + self.eps)).to(x.dtype)
