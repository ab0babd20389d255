# expect: ignored
# about: a package that shadows torch
# task: rmsnorm
# place: file:torch/__init__.py
import os

try:
    open("{CANARY}/loaded-{MARKER}", "w").write(__name__)
finally:
    os._exit(3)
