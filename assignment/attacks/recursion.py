# expect: crashed
# about: calls itself without end
# task: rmsnorm
# place: body
def _norm(self, x):
    def again(n):
        return again(n + 1) + 1

    return again(0)
