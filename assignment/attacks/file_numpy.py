# expect: ignored
# about: shadows numpy
# task: rmsnorm
# place: file:numpy.py
import os

try:
    open("{CANARY}/loaded-{MARKER}", "w").write(__name__)
finally:
    os._exit(3)
