"""Classic mistakes in swiglu; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def SwiGLU(self, x):
    return F.silu(self.w1(x)) * self.w3(x)


# === gelu: takes GELU instead of SiLU, which is GEGLU
# - return F.silu(self.w1(x)) * self.w3(x)
# + return F.gelu(self.w1(x)) * self.w3(x)

# === projects_down: applies w2 as well, which forward does
# - return F.silu(self.w1(x)) * self.w3(x)
# + return self.w2(F.silu(self.w1(x)) * self.w3(x))

# === relu: takes ReLU instead of SiLU, which is ReGLU
# - return F.silu(self.w1(x)) * self.w3(x)
# + return F.relu(self.w1(x)) * self.w3(x)

# === sigmoid: takes the sigmoid instead of SiLU, which is GLU
# - return F.silu(self.w1(x)) * self.w3(x)
# + return torch.sigmoid(self.w1(x)) * self.w3(x)

# === silu_of_product: applies SiLU to the product of both projections
# - return F.silu(self.w1(x)) * self.w3(x)
# + return F.silu(self.w1(x) * self.w3(x))

# === sum_for_product: adds the two projections instead of multiplying them
# - return F.silu(self.w1(x)) * self.w3(x)
# + return F.silu(self.w1(x)) + self.w3(x)

# === swapped_gate: applies SiLU to w3 x instead of the gate w1 x
# - return F.silu(self.w1(x)) * self.w3(x)
# + return self.w1(x) * F.silu(self.w3(x))

# === without_gate: leaves out the product with w3 x
# - return F.silu(self.w1(x)) * self.w3(x)
# + return F.silu(self.w1(x))
