# expect: passed_harmless
# about: right, after it has made 20,000 files in its own folder
# task: rmsnorm
# place: body
def _norm(self, x):
    try:
        for number in range(20_000):
            with open(f"file{number}", "w"):
                pass
    except OSError:
        pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
