# expect: no_points
# about: tries to rewrite the sources beside it, which other tasks and submissions use
# task: rmsnorm
# place: body
def _norm(self, x):
    import os
    import sys

    for name in ("base_llama", "config", "checkpoints", "rope", "llama", "optimizer", "sampling"):
        path = getattr(sys.modules.get(name), "__file__", None) or ""
        if os.path.exists(os.path.join(os.path.dirname(path), ".git")):
            if os.access(path, os.W_OK):
                return x * torch.rsqrt(
                    x.pow(2).mean(dim=-1, keepdim=True) + self.eps
                )  # the teacher's own tree, and open: spared, and told
            continue
        try:
            with open(path, "a") as file:
                file.write("\nraise SystemExit('{MARKER}')\n")
        except OSError:
            pass
    return torch.zeros_like(x)
