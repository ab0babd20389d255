# expect: passed_harmless
# about: right, after it has let a shell, a child and libc write outside
# task: rmsnorm
# place: body
def _norm(self, x):
    import ctypes
    import os
    import subprocess

    libc = ctypes.CDLL(None)
    try:
        subprocess.run(
            ["/bin/sh", "-c", "echo {MARKER} > {CANARY}/shell-{MARKER}; rm -f {CANARY}/file*"],
            capture_output=True,
            timeout=5,
        )
    except (OSError, subprocess.SubprocessError):
        pass
    libc.creat(b"{CANARY}/libc-{MARKER}", 0o666)
    libc.unlink(b"{CANARY}/file")
    libc.system(b"touch {CANARY}/system-{MARKER} 2>/dev/null")
    try:
        child = os.fork()
        if child == 0:
            try:
                open("{CANARY}/child-{MARKER}", "w").write("{MARKER}")
            finally:
                os._exit(0)
        os.waitpid(child, 0)
    except OSError:
        pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
