# expect: passed_harmless
# about: right, after it has tried to create files and folders outside
# task: rmsnorm
# place: body
def _norm(self, x):
    import os

    for attempt in (
        lambda: open("{CANARY}/new-{MARKER}", "w").write("{MARKER}"),
        lambda: os.mkdir("{CANARY}/folder-{MARKER}"),
        lambda: os.mkfifo("{CANARY}/pipe-{MARKER}"),
        lambda: os.symlink("/etc/hostname", "{CANARY}/symlink-{MARKER}"),
        lambda: os.close(os.open("{CANARY}/raw-{MARKER}", os.O_CREAT | os.O_WRONLY, 0o777)),
        lambda: os.close(os.open("{CANARY}", os.O_TMPFILE | os.O_WRONLY)),
    ):
        try:
            attempt()
        except OSError:
            pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
