# adds eps to the root instead of inside it
def _norm(self, x):
    return x / (x.pow(2).mean(dim=-1, keepdim=True).sqrt() + self.eps)
