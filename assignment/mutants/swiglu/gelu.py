# takes GELU instead of SiLU, which is GEGLU
def SwiGLU(self, x):
    return F.gelu(self.w1(x)) * self.w3(x)
