# expect: passed_harmless
# about: right, and leaves other defaults of torch behind for the next case
# task: rmsnorm
# place: body
def _norm(self, x):
    result = x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
    torch.set_default_dtype(torch.float64)
    torch.manual_seed = lambda *_: None
    torch.set_grad_enabled(False)
    return result
