# expect: timeout
# about: takes a lock twice
# task: rmsnorm
# place: body
def _norm(self, x):
    import threading

    lock = threading.Lock()
    lock.acquire()
    lock.acquire(timeout=300)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
