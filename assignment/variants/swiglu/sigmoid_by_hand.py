# writes SiLU out as z times its sigmoid
def SwiGLU(self, x):
    gate = self.w1(x)
    up = self.w3(x)
    swish = gate * torch.sigmoid(gate)
    return swish * up
