# expect: passed_harmless
# about: right, and writes 1 GB to files that live in memory and are not mapped
# task: rmsnorm
# place: body
def _norm(self, x):
    import os
    import sys

    files, sys.files_in_memory = getattr(sys, "files_in_memory", 16), 0  # the first time only
    try:
        for number in range(files):
            descriptor = os.memfd_create(f"hoard{number}")
            for _ in range(64):
                os.write(descriptor, b"x" * 1_000_000)
    except (OSError, MemoryError):
        pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
