# expect: ignored
# about: replaces a test of the handout
# task: rmsnorm
# place: file:rope_test.py
import os

try:
    open("{CANARY}/loaded-{MARKER}", "w").write(__name__)
finally:
    os._exit(3)
