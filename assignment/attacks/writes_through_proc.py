# expect: passed_harmless
# about: right, after it has tried to write outside by the roots, folders and descriptors of other processes
# task: rmsnorm
# place: body
def _norm(self, x):
    import os

    for process in ("self", "thread-self", "1", str(os.getppid())):
        for way in ("root", "cwd"):
            try:
                open(f"/proc/{process}/{way}/{CANARY}/proc-{MARKER}", "w").write("{MARKER}")
            except OSError:
                pass
            try:
                open(f"/proc/{process}/root" + "{CANARY}/root-{MARKER}", "w").write("{MARKER}")
            except OSError:
                pass
        try:
            for descriptor in os.listdir(f"/proc/{process}/fd"):
                place = f"/proc/{process}/fd/{descriptor}"
                if os.path.isdir(place):
                    open(place + "/" + "../" * 20 + "{CANARY}/fd-{MARKER}", "w").write("{MARKER}")
        except OSError:
            pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
