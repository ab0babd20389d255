# expect: timeout
# about: starts threads until nothing more can be started (at most 20,000)
# task: rmsnorm
# place: body
def _norm(self, x):
    import threading
    import time

    for _ in range(20_000):
        try:
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        except BaseException:
            break
    time.sleep(60)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
