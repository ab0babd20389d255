# takes ReLU instead of SiLU, which is ReGLU
def SwiGLU(self, x):
    return F.relu(self.w1(x)) * self.w3(x)
