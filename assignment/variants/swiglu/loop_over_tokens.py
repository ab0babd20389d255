# goes through the tokens one by one, with a SiLU module
def SwiGLU(self, x):
    activation = nn.SiLU()
    out = torch.zeros(*x.shape[:-1], self.w1.out_features, dtype=x.dtype, device=x.device)
    flat_x = x.reshape(-1, x.shape[-1])
    flat_out = out.view(-1, out.shape[-1])
    for i in range(len(flat_x)):
        token = flat_x[i]
        h1 = torch.mv(self.w1.weight, token)
        h3 = torch.mv(self.w3.weight, token)
        flat_out[i] = activation(h1).mul(h3)
    return out
