# expect: ignored
# about: brings a reference of its own
# task: rmsnorm
# place: file:assignment/reference.py
import os

try:
    open("{CANARY}/loaded-{MARKER}", "w").write(__name__)
finally:
    os._exit(3)
