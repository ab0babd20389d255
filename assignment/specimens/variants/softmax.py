"""Honest ways to write softmax; `assignment/specimens/__init__.py` has the format."""


# === log_sum_exp: takes the exponential of the difference from the logarithm of the sum
def softmax(x, dim):
    m = x.max(dim=dim, keepdim=True)[0]
    log_sum = m + (x - m).exp().sum(dim=dim, keepdim=True).log()
    return (x - log_sum).exp()


# === moved: moves the dimension to the end and back
def softmax(x, dim):
    moved = x.transpose(dim, -1)
    moved = moved - moved.amax(-1).unsqueeze(-1)
    e = moved.exp()
    return (e / e.sum(-1).unsqueeze(-1)).transpose(dim, -1)


# === new_tensors: gives each step a name of its own
def softmax(x, dim):
    x_max, _ = x.max(dim, keepdim=True)
    shifted = x - x_max
    numerator = shifted.exp()
    denominator = numerator.sum(dim, keepdim=True)
    return numerator * denominator.reciprocal()
