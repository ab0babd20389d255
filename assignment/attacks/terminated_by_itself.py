# expect: crashed
# about: ends itself with SIGTERM, as a grader's own timeout would
# task: rmsnorm
# place: body
def _norm(self, x):
    import os
    import signal

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)
