"""Classic mistakes in rmsnorm; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def _norm(self, x):
    square = x.pow(2).mean(dim=-1, keepdim=True)
    return x * torch.rsqrt(square + self.eps)


# === applies_the_weight: multiplies by the weight, which forward does as well
# - return x * torch.rsqrt(square + self.eps)
# + return x * torch.rsqrt(square + self.eps) * self.weight

# === changes_its_input: changes x in place, which is the stream itself
# - return x * torch.rsqrt(square + self.eps)
# + x *= torch.rsqrt(square + self.eps)
# + return x

# === clamped: takes the greater of the mean square and eps instead of their sum
# - return x * torch.rsqrt(square + self.eps)
# + return x * torch.rsqrt(square.clamp(min=self.eps))

# === divides_by_C_less_1: divides the sum of the squares by C - 1
# - square = x.pow(2).mean(dim=-1, keepdim=True)
# + square = x.pow(2).sum(dim=-1, keepdim=True) / (x.shape[-1] - 1)

# === divides_by_T: divides the sum of the squares by the number of tokens instead of features
# - square = x.pow(2).mean(dim=-1, keepdim=True)
# + square = x.pow(2).sum(dim=-1, keepdim=True) / x.shape[1]

# === divides_by_the_batch: divides the sum of the squares by the number of texts instead of features
# - square = x.pow(2).mean(dim=-1, keepdim=True)
# + square = x.pow(2).sum(dim=-1, keepdim=True) / x.shape[0]

# === eps_added_to_the_result: adds eps to the result instead of to the mean square
# - return x * torch.rsqrt(square + self.eps)
# + return x * torch.rsqrt(square) + self.eps

# === eps_outside_the_root: adds eps to the root instead of inside it
# - return x * torch.rsqrt(square + self.eps)
# + return x / (square.sqrt() + self.eps)

# === eps_of_its_own: uses a small eps of its own, or hardly any, instead of self.eps
# - return x * torch.rsqrt(square + self.eps)
# + return x * torch.rsqrt(square + 1e-8)

# === eps_to_the_reciprocal: adds eps to the reciprocal of the root instead of inside it
# - return x * torch.rsqrt(square + self.eps)
# + return x * (torch.rsqrt(square) + self.eps)

# === greatest: divides by the greatest magnitude of a vector
# - return x * torch.rsqrt(square + self.eps)
# + return x / (x.abs().amax(dim=-1, keepdim=True) + self.eps)

# === l1_norm: divides by the sum of the magnitudes
# - return x * torch.rsqrt(square + self.eps)
# + return x / (x.abs().sum(dim=-1, keepdim=True) + self.eps)

# === layer_norm: subtracts the mean first, which is LayerNorm
# - square = x.pow(2).mean(dim=-1, keepdim=True)
# + x = x - x.mean(dim=-1, keepdim=True)
# + square = x.pow(2).mean(dim=-1, keepdim=True)

# === layer_norm_unbiased: subtracts the mean and divides by torch's standard deviation, of C - 1 numbers
# - return x * torch.rsqrt(square + self.eps)
# + return (x - x.mean(dim=-1, keepdim=True)) / (x.std(dim=-1, keepdim=True) + self.eps)

# === layer_norm_unbiased_variance: subtracts the mean and divides by the root of torch's variance, of C - 1 numbers, plus eps
# - return x * torch.rsqrt(square + self.eps)
# + deviation = torch.sqrt(x.var(dim=-1, keepdim=True) + self.eps)
# + return (x - x.mean(dim=-1, keepdim=True)) / deviation

# === length: divides by the length of the vector, which lacks the mean: it is sqrt(C) times as long
# - return x * torch.rsqrt(square + self.eps)
# + return x / (x.norm(dim=-1, keepdim=True) + self.eps)

# === length_of_everything: divides by the length of the whole tensor
# - return x * torch.rsqrt(square + self.eps)
# + return x / (x.norm() + self.eps)

# === mean_of_magnitudes: divides by the mean of the magnitudes (the root is taken before the mean)
# - return x * torch.rsqrt(square + self.eps)
# + return x / (x.abs().mean(dim=-1, keepdim=True) + self.eps)

# === mean_squared: squares the mean instead of taking the mean of the squares
# - square = x.pow(2).mean(dim=-1, keepdim=True)
# + square = x.mean(dim=-1, keepdim=True).pow(2)

# === multiplies_by_the_mean_square: multiplies by the mean square
# - return x * torch.rsqrt(square + self.eps)
# + return x * (square + self.eps)

# === multiplies_by_the_root: multiplies by the root instead of its reciprocal
# - return x * torch.rsqrt(square + self.eps)
# + return x * torch.sqrt(square + self.eps)

# === normalize: calls F.normalize, which makes vectors of length 1 and not of root mean square 1
# - return x * torch.rsqrt(square + self.eps)
# + return F.normalize(x, dim=-1, eps=self.eps)

# === over_batch: takes the mean over the texts of the batch instead of the features
# - square = x.pow(2).mean(dim=-1, keepdim=True)
# + square = x.pow(2).mean(dim=0, keepdim=True)

# === over_everything: takes one mean over the whole tensor
# - square = x.pow(2).mean(dim=-1, keepdim=True)
# + square = x.pow(2).mean()

# === over_text: takes the mean over tokens and features together, one for each text
# - square = x.pow(2).mean(dim=-1, keepdim=True)
# + square = x.pow(2).mean(dim=(-2, -1), keepdim=True)

# === over_time: takes the mean over the tokens instead of the features
# - square = x.pow(2).mean(dim=-1, keepdim=True)
# + square = x.pow(2).mean(dim=-2, keepdim=True)

# === returns_nothing: returns nothing
# - return x * torch.rsqrt(square + self.eps)
# + x * torch.rsqrt(square + self.eps)

# === returns_the_factor: returns the reciprocal of the root without multiplying x by it
# - return x * torch.rsqrt(square + self.eps)
# + return torch.rsqrt(square + self.eps)

# === returns_the_root: returns the root without dividing x by it
# - return x * torch.rsqrt(square + self.eps)
# + return torch.sqrt(square + self.eps)

# === root_of_the_mean: takes the root of the mean itself, without squaring
# - square = x.pow(2).mean(dim=-1, keepdim=True)
# + square = x.mean(dim=-1, keepdim=True)

# === square_of_everything: returns x squared over the root (the squared x takes the place of x)
# - return x * torch.rsqrt(square + self.eps)
# + return x.pow(2) * torch.rsqrt(square + self.eps)

# === sum_for_mean: takes the sum of the squares instead of their mean
# - square = x.pow(2).mean(dim=-1, keepdim=True)
# + square = x.pow(2).sum(dim=-1, keepdim=True)

# === sum_over_everything: takes one sum of the squares over the whole tensor
# - square = x.pow(2).mean(dim=-1, keepdim=True)
# + square = x.pow(2).sum()

# === sum_over_time: takes the sum of the squares over the tokens
# - square = x.pow(2).mean(dim=-1, keepdim=True)
# + square = x.pow(2).sum(dim=-2, keepdim=True)

# === variance: divides by the root of the variance, which takes the mean out, though x keeps it
# - square = x.pow(2).mean(dim=-1, keepdim=True)
# + square = x.var(dim=-1, keepdim=True, unbiased=False)

# === variance_unbiased: divides by the root of torch's variance, which takes the mean out and counts C - 1 numbers
# - square = x.pow(2).mean(dim=-1, keepdim=True)
# + square = x.var(dim=-1, keepdim=True)

# === standard_deviation: divides by torch's standard deviation plus eps, which takes the mean out and counts C - 1 numbers
# - return x * torch.rsqrt(square + self.eps)
# + return x / (x.std(dim=-1, keepdim=True) + self.eps)

# === without_eps: forgets eps
# - return x * torch.rsqrt(square + self.eps)
# + return x * torch.rsqrt(square)

# === without_keepdim: leaves out keepdim=True, so that the means do not line up with x
# - square = x.pow(2).mean(dim=-1, keepdim=True)
# + square = x.pow(2).mean(dim=-1)

# === without_root: divides by the mean square instead of its root
# - return x * torch.rsqrt(square + self.eps)
# + return x / (square + self.eps)

# === root_twice: takes the root twice
# - return x * torch.rsqrt(square + self.eps)
# + return x * torch.rsqrt(torch.sqrt(square + self.eps))
