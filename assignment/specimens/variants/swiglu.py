"""Honest ways to write swiglu; `assignment/specimens/__init__.py` has the format."""


# === float64: computes in float64, with exp by hand
def SwiGLU(self, x):
    wide = x.double()
    z = wide @ self.w1.weight.double().T
    u = wide @ self.w3.weight.double().T
    return (u * z / (1 + torch.exp(-z))).to(x.dtype)


# === glu: says it with the gated linear unit: a * b times sigmoid(a)
def SwiGLU(self, x):
    a, b = self.w1(x), self.w3(x)
    return F.glu(torch.cat((a * b, a), dim=-1), dim=-1)


# === loop_over_tokens: goes through the tokens one by one, with a SiLU module
def SwiGLU(self, x):
    activation = nn.SiLU()
    out = torch.zeros(*x.shape[:-1], self.w1.out_features, dtype=x.dtype, device=x.device)
    flat_x = x.reshape(-1, x.shape[-1])
    flat_out = out.view(-1, out.shape[-1])
    for i in range(len(flat_x)):
        token = flat_x[i]
        h1 = torch.mv(self.w1.weight, token)
        h3 = torch.mv(self.w3.weight, token)
        flat_out[i] = activation(h1).mul(h3)
    return out


# === one_matrix: multiplies once with both matrices joined, and cuts the result in two
def SwiGLU(self, x):
    both = torch.cat([self.w1.weight, self.w3.weight], dim=0)
    gate, up = F.linear(x, both).chunk(2, dim=-1)
    return F.silu(gate) * up


# === sigmoid_by_hand: writes SiLU out as z times its sigmoid
def SwiGLU(self, x):
    gate = self.w1(x)
    up = self.w3(x)
    swish = gate * torch.sigmoid(gate)
    return swish * up
