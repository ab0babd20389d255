# takes the sigmoid instead of SiLU, which is GLU
def SwiGLU(self, x):
    return torch.sigmoid(self.w1(x)) * self.w3(x)
