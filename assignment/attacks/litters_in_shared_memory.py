# expect: passed_harmless
# about: right, after it has left shared memory and a semaphore that outlive processes
# task: rmsnorm
# place: body
def _norm(self, x):
    import ctypes
    from multiprocessing import shared_memory

    try:
        block = shared_memory.SharedMemory(name="{MARKER}", create=True, size=1_000_000)
        block.buf[:1] = b"x"
    except (OSError, ValueError):
        pass
    libc = ctypes.CDLL(None)
    libc.sem_open(b"/{MARKER}", 0o100, 0o666, 1)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
