# takes the mean over the tokens instead of the features
def _norm(self, x):
    return x * torch.rsqrt(x.pow(2).mean(dim=-2, keepdim=True) + self.eps)
