# expect: no_points
# about: returns a quantised tensor
# task: rmsnorm
# place: body
def _norm(self, x):
    return torch.quantize_per_tensor(
        x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps), 0.5, 0, torch.quint8
    )
