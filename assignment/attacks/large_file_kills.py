# expect: crashed
# about: takes SIGXFSZ as it comes when its file grows too large, and gives up if nothing stops it
# task: rmsnorm
# place: body
def _norm(self, x):
    import os
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    with open("large.bin", "wb") as file:
        for _ in range(1000):
            file.write(b"x" * 1_000_000)
    os._exit(1)
