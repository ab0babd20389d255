# expect: ignored
# about: shadows a module of the standard library
# task: rmsnorm
# place: file:typing.py
import os

try:
    open("{CANARY}/loaded-{MARKER}", "w").write(__name__)
finally:
    os._exit(3)
