# expect: ignored
# about: replaces what runs it
# task: rmsnorm
# place: file:assignment/runners.py
import os

try:
    open("{CANARY}/loaded-{MARKER}", "w").write(__name__)
finally:
    os._exit(3)
