# says it with the gated linear unit: a * b times sigmoid(a)
def SwiGLU(self, x):
    a, b = self.w1(x), self.w3(x)
    return F.glu(torch.cat((a * b, a), dim=-1), dim=-1)
