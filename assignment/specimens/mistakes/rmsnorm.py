"""Classic mistakes in rmsnorm; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def _norm(self, x):
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === applies_the_weight: multiplies by the weight, which forward does as well
# - return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
# + return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps) * self.weight

# === eps_outside_the_root: adds eps to the root instead of inside it
# - return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
# + return x / (x.pow(2).mean(dim=-1, keepdim=True).sqrt() + self.eps)

# === layer_norm: subtracts the mean first, which is LayerNorm
# - return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
# + x = x - x.mean(dim=-1, keepdim=True)
# + return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)

# === over_everything: takes one mean over the whole tensor
# - return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
# + return x * torch.rsqrt(x.pow(2).mean() + self.eps)

# === over_time: takes the mean over the tokens instead of the features
# - return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
# + return x * torch.rsqrt(x.pow(2).mean(dim=-2, keepdim=True) + self.eps)

# === sum_for_mean: takes the sum of the squares instead of their mean
# - return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
# + return x * torch.rsqrt(x.pow(2).sum(dim=-1, keepdim=True) + self.eps)

# === without_eps: forgets eps
# - return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
# + return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True))

# === without_root: divides by the mean square instead of its root
# - return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
# + return x / (x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
