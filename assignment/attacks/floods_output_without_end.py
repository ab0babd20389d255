# expect: timeout
# about: prints without end
# task: rmsnorm
# place: body
def _norm(self, x):
    import sys
    import time

    end = time.monotonic() + 300
    while time.monotonic() < end:
        try:
            print("y" * 1000)
        except (OSError, ValueError):
            sys.stdout = None
