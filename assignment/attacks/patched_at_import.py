# expect: passed_harmless
# about: replaces comparisons and builtins while it is imported
# task: rmsnorm
# place: top
import builtins

import numpy

numpy.allclose = numpy.array_equal = lambda *_, **__: True
builtins.all = lambda *_: True
