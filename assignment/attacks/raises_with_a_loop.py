# expect: no_points
# about: raises an exception whose text never ends being made
# task: rmsnorm
# place: body
def _norm(self, x):
    class Endless(Exception):
        def __str__(self):
            import time

            time.sleep(300)
            return ""

        __repr__ = __str__

    raise Endless
