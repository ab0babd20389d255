# adds the two projections instead of multiplying them
def SwiGLU(self, x):
    return F.silu(self.w1(x)) + self.w3(x)
