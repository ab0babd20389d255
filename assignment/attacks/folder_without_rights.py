# expect: passed_harmless
# about: right, and leaves a folder that nobody may enter or remove from
# task: rmsnorm
# place: body
def _norm(self, x):
    import os

    try:
        os.makedirs("locked/inside")
        open("locked/inside/file", "w").close()
        os.chmod("locked/inside", 0)
        os.chmod("locked", 0)
        os.chmod(".", 0o500)
    except OSError:
        pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
