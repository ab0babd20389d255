# expect: passed_harmless
# about: a right tensor that carries an object which runs code when it is unpickled
# task: rmsnorm
# place: body
def _norm(self, x):
    class Evil:
        def __reduce__(self):
            return open, ("{CANARY}/pickle-{MARKER}", "w")

    result = x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
    result.evil = Evil()
    return result
