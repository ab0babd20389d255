# expect: ignored
# about: a package that shadows one of the standard library
# task: rmsnorm
# place: file:json/__init__.py
import os

try:
    open("{CANARY}/loaded-{MARKER}", "w").write(__name__)
finally:
    os._exit(3)
