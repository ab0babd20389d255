"""Classic mistakes in softmax; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def softmax(x, dim):
    greatest = x.max(dim=dim, keepdim=True).values
    powers = (x - greatest).exp()
    total = powers.sum(dim=dim, keepdim=True)
    return powers / total


# === overflows: does not subtract the greatest, and exp(1000) is infinite
# - powers = (x - greatest).exp()
# + powers = x.exp()

# === greatest_of_all: subtracts the greatest of the whole tensor: rows far below it become 0 / 0
# - greatest = x.max(dim=dim, keepdim=True).values
# + greatest = x.max()

# === greatest_along_the_first: subtracts the greatest along another dimension than the one that is asked for
# - greatest = x.max(dim=dim, keepdim=True).values
# + greatest = x.max(dim=0, keepdim=True).values

# === mean_instead: subtracts the mean instead of the greatest
# - greatest = x.max(dim=dim, keepdim=True).values
# + greatest = x.mean(dim=dim, keepdim=True)

# === least_instead: subtracts the least instead of the greatest
# - greatest = x.max(dim=dim, keepdim=True).values
# + greatest = x.min(dim=dim, keepdim=True).values

# === adds_the_greatest: adds the greatest instead of subtracting it
# - powers = (x - greatest).exp()
# + powers = (x + greatest).exp()

# === clamps: cuts x off at some bound instead of subtracting the greatest
# - powers = (x - greatest).exp()
# + powers = x.clamp(-80, 80).exp()

# === always_the_last: takes the shares along the last dimension whatever is asked
# - greatest = x.max(dim=dim, keepdim=True).values
# - powers = (x - greatest).exp()
# - total = powers.sum(dim=dim, keepdim=True)
# + greatest = x.max(dim=-1, keepdim=True).values
# + powers = (x - greatest).exp()
# + total = powers.sum(dim=-1, keepdim=True)

# === always_the_first: takes the shares along the first dimension whatever is asked
# - greatest = x.max(dim=dim, keepdim=True).values
# - powers = (x - greatest).exp()
# - total = powers.sum(dim=dim, keepdim=True)
# + greatest = x.max(dim=0, keepdim=True).values
# + powers = (x - greatest).exp()
# + total = powers.sum(dim=0, keepdim=True)

# === sum_along_the_last: divides by the sum along the last dimension whatever is asked
# - total = powers.sum(dim=dim, keepdim=True)
# + total = powers.sum(dim=-1, keepdim=True)

# === sum_of_all: divides by the sum of the whole tensor
# - total = powers.sum(dim=dim, keepdim=True)
# + total = powers.sum()

# === loses_the_dimension: does not keep the dimension that it reduces, and what is left fits against another one or none
# - total = powers.sum(dim=dim, keepdim=True)
# + total = powers.sum(dim=dim)

# === mean_of_powers: divides by the mean instead of the sum
# - total = powers.sum(dim=dim, keepdim=True)
# + total = powers.mean(dim=dim, keepdim=True)

# === never_divides: does not divide by the sum
# - return powers / total
# + return powers

# === eps_below: adds a small number to the sum, and a bit too much at that
# - return powers / total
# + return powers / (total + 1e-2)

# === base_two: takes powers of 2 instead of e
# - powers = (x - greatest).exp()
# + powers = (x - greatest).exp2()

# === without_powers: takes shares of the numbers themselves
# - powers = (x - greatest).exp()
# + powers = x

# === negative: takes the exponentials of -x, so that the least gets the greatest share
# - greatest = x.max(dim=dim, keepdim=True).values
# - powers = (x - greatest).exp()
# + greatest = x.min(dim=dim, keepdim=True).values
# + powers = (greatest - x).exp()

# === logarithm: returns the logarithms of the shares
# - return powers / total
# + return x - greatest - total.log()

# === twice: takes the softmax twice
# - return powers / total
# + again = (powers / total).exp()
# + return again / again.sum(dim=dim, keepdim=True)

# === sigmoid: takes the sigmoid of each number, which knows nothing of the others
# - return powers / total
# + return x.sigmoid()

# === in_place: subtracts the greatest in place, and so changes its input
# - powers = (x - greatest).exp()
# + x -= greatest
# + powers = x.exp()
