# expect: ignored
# about: shadows a module of the standard library that is built in
# task: rmsnorm
# place: file:math.py
import os

try:
    open("{CANARY}/loaded-{MARKER}", "w").write(__name__)
finally:
    os._exit(3)
