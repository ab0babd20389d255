# expect: crashed
# about: raises an exception whose text raises one
# task: rmsnorm
# place: body
def _norm(self, x):
    class Mute(Exception):
        def __str__(self):
            raise SystemExit(0)

        __repr__ = __str__

    raise Mute
