# expect: timeout
# about: a regular expression that backtracks for years, in C, holding the interpreter's lock
# task: rmsnorm
# place: body
def _norm(self, x):
    import re

    re.match(r"(a+)+$", "a" * 64 + "b")
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
