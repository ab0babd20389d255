# multiplies once with both matrices joined, and cuts the result in two
def SwiGLU(self, x):
    both = torch.cat([self.w1.weight, self.w3.weight], dim=0)
    gate, up = F.linear(x, both).chunk(2, dim=-1)
    return F.silu(gate) * up
