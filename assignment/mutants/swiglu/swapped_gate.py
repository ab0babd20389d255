# applies SiLU to w3 x instead of the gate w1 x
def SwiGLU(self, x):
    return self.w1(x) * F.silu(self.w3(x))
