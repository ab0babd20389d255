# expect: no_points
# about: writes a forged result to every open descriptor and exits with status 0
# task: rmsnorm
# place: body
def _norm(self, x):
    import os

    forged = b'{"status": "passed", "points": 100, "score": 100, "ok": true}\n'
    for descriptor in range(256):
        try:
            os.write(descriptor, forged)
        except OSError:
            pass
    os._exit(0)
