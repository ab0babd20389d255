# leaves out the product with w3 x
def SwiGLU(self, x):
    return F.silu(self.w1(x))
