# applies w2 as well, which forward does
def SwiGLU(self, x):
    return self.w2(F.silu(self.w1(x)) * self.w3(x))
