"""Classic mistakes in swiglu; `assignment/specimens/__init__.py` has the format."""


# === right: the version that the mistakes are changes of
def SwiGLU(self, x):
    gate, up = self.w1(x), self.w3(x)
    return F.silu(gate) * up


# === both_sigmoid: multiplies w1 x, its sigmoid and the sigmoid of w3 x
# - return F.silu(gate) * up
# + return F.silu(gate) * torch.sigmoid(up)

# === dot_products: takes the dot products of tokens (@ with a transpose) instead of multiplying element by element
# - return F.silu(gate) * up
# + return F.silu(gate) @ up.mT

# === difference: subtracts the two projections instead of multiplying them
# - return F.silu(gate) * up
# + return F.silu(gate) - up

# === divides: divides by w3 x instead of multiplying
# - return F.silu(gate) * up
# + return F.silu(gate) / up

# === dropout: applies the dropout, which forward does
# - return F.silu(gate) * up
# + return self.dropout(F.silu(gate) * up)

# === elu: takes ELU instead of SiLU
# - return F.silu(gate) * up
# + return F.elu(gate) * up

# === exp_with_the_wrong_sign: divides by 1 + exp(z) instead of 1 + exp(-z)
# - return F.silu(gate) * up
# + return gate / (1 + torch.exp(gate)) * up

# === F_by_C: multiplies F numbers by C numbers, which do not line up (by x itself, or by what w2 returns)
# - return F.silu(gate) * up
# + return F.silu(gate) * x

# === gelu: takes GELU instead of SiLU, which is GEGLU
# - return F.silu(gate) * up
# + return F.gelu(gate) * up

# === gelu_approximated: takes the tanh approximation of GELU instead of SiLU
# - return F.silu(gate) * up
# + return F.gelu(gate, approximate="tanh") * up

# === gelu_quick: takes z sigmoid(1.702 z), a quick GELU, instead of SiLU
# - return F.silu(gate) * up
# + return gate * torch.sigmoid(1.702 * gate) * up


# === hardswish: takes the hard Swish instead of SiLU
# - return F.silu(gate) * up
# + return F.hardswish(gate) * up

# === joined: joins the two projections (cat) instead of multiplying them
# - return F.silu(gate) * up
# + return torch.cat((F.silu(gate), up), dim=-1)

# === leaky_relu: takes the leaky ReLU instead of SiLU
# - return F.silu(gate) * up
# + return F.leaky_relu(gate) * up

# === log_sigmoid: takes the logarithm of the sigmoid instead of SiLU
# - return F.silu(gate) * up
# + return F.logsigmoid(gate) * up

# === matrix_product: takes a matrix product (@) instead of multiplying element by element
# - return F.silu(gate) * up
# + return F.silu(gate) @ up

# === mish: takes Mish instead of SiLU
# - return F.silu(gate) * up
# + return F.mish(gate) * up

# === module_times_tensor: multiplies with a layer instead of calling it (self.w3 * ... for self.w3(...))
# - gate, up = self.w1(x), self.w3(x)
# + gate, up = self.w1(x), self.w3

# === projects_down: applies w2 as well, which forward does
# - return F.silu(gate) * up
# + return self.w2(F.silu(gate) * up)

# === relu: takes ReLU instead of SiLU, which is ReGLU
# - return F.silu(gate) * up
# + return F.relu(gate) * up

# === relu_squared: takes the square of ReLU instead of SiLU
# - return F.silu(gate) * up
# + return F.relu(gate) ** 2 * up

# === returns_nothing: returns nothing
# - return F.silu(gate) * up
# + F.silu(gate) * up

# === sigmoid: takes the sigmoid instead of SiLU, which is GLU
# - return F.silu(gate) * up
# + return torch.sigmoid(gate) * up

# === sigmoid_added: adds z and its sigmoid instead of multiplying them
# - return F.silu(gate) * up
# + return (gate + torch.sigmoid(gate)) * up

# === sigmoid_of_up: multiplies w1 x by the sigmoid of w3 x
# - return F.silu(gate) * up
# + return gate * torch.sigmoid(up)

# === sigmoid_of_x_first: applies SiLU to x before the projection w1
# - gate, up = self.w1(x), self.w3(x)
# - return F.silu(gate) * up
# + return self.w1(F.silu(x)) * self.w3(x)

# === silu_before_both: applies SiLU to x before both projections
# - gate, up = self.w1(x), self.w3(x)
# - return F.silu(gate) * up
# + return self.w1(F.silu(x)) * self.w3(F.silu(x))

# === silu_both: applies SiLU to w3 x as well as to the gate
# - return F.silu(gate) * up
# + return F.silu(gate) * F.silu(up)

# === silu_method: calls silu as a method of a tensor, which has none (F.silu is a function)
# - return F.silu(gate) * up
# + return gate.silu() * up

# === silu_of_product: applies SiLU to the product of both projections
# - return F.silu(gate) * up
# + return F.silu(gate * up)

# === silu_of_sum: applies SiLU to the sum of both projections
# - return F.silu(gate) * up
# + return F.silu(gate + up)

# === silu_twice: applies SiLU to the gate twice
# - return F.silu(gate) * up
# + return F.silu(F.silu(gate)) * up

# === softmax: takes a softmax over the features instead of SiLU
# - return F.silu(gate) * up
# + return F.softmax(gate, dim=-1) * up

# === softmax_over_time: takes a softmax over the tokens instead of SiLU
# - return F.silu(gate) * up
# + return F.softmax(gate, dim=1) * up

# === softplus: takes softplus instead of SiLU
# - return F.silu(gate) * up
# + return F.softplus(gate) * up

# === sum_for_product: adds the two projections instead of multiplying them
# - return F.silu(gate) * up
# + return F.silu(gate) + up

# === summed: sums over the features
# - return F.silu(gate) * up
# + return (F.silu(gate) * up).sum(dim=-1)

# === swapped_gate: applies SiLU to w3 x instead of the gate w1 x
# - return F.silu(gate) * up
# + return gate * F.silu(up)

# === swish_of_up_times_up: uses w3 twice and w1 never
# - return F.silu(gate) * up
# + return F.silu(up) * up

# === tanh: takes tanh instead of SiLU
# - return F.silu(gate) * up
# + return torch.tanh(gate) * up

# === up_alone: returns w3 x alone
# - return F.silu(gate) * up
# + return up

# === gate_alone: returns w1 x alone
# - return F.silu(gate) * up
# + return gate

# === silu_of_up_alone: returns the SiLU of w3 x and leaves w1 out
# - return F.silu(gate) * up
# + return F.silu(up)

# === silu_of_x: applies SiLU to x itself, without a projection
# - return F.silu(gate) * up
# + return F.silu(x)

# === w1_twice: multiplies by w1 x again instead of by w3 x
# - return F.silu(gate) * up
# + return F.silu(gate) * gate

# === w2_for_another: feeds x to w2, which takes F numbers, or does not transpose a weight
# - gate, up = self.w1(x), self.w3(x)
# + gate, up = self.w1(x), self.w2(x)

# === without_activation: leaves the activation out and multiplies the two projections
# - return F.silu(gate) * up
# + return gate * up

# === without_gate: leaves out the product with w3 x
# - return F.silu(gate) * up
# + return F.silu(gate)

# === without_sigmoid: squares the gate (z z for z sigmoid(z))
# - return F.silu(gate) * up
# + return gate * gate * up
