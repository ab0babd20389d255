# calls the function that torch brings
def _norm(self, x):
    return F.rms_norm(x, (x.shape[-1],), weight=None, eps=self.eps)
