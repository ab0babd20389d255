# expect: passed_harmless
# about: right, after it has let torch, numpy and sqlite write outside
# task: rmsnorm
# place: body
def _norm(self, x):
    import sqlite3

    import numpy as np

    for attempt in (
        lambda: torch.save({"a": 1}, "{CANARY}/{MARKER}.pt"),
        lambda: np.save("{CANARY}/{MARKER}.npy", np.zeros(3)),
        lambda: sqlite3.connect("{CANARY}/{MARKER}.db").execute("create table a (b)"),
        lambda: torch.from_file("{CANARY}/{MARKER}.bin", shared=True, size=4).zero_(),
    ):
        try:
            attempt()
        except Exception:
            pass
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)
