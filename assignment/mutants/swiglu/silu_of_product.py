# applies SiLU to the product of both projections
def SwiGLU(self, x):
    return F.silu(self.w1(x) * self.w3(x))
