# expect: ignored
# about: pytest imports it
# task: rmsnorm
# place: file:conftest.py
import os

try:
    open("{CANARY}/loaded-{MARKER}", "w").write(__name__)
finally:
    os._exit(3)
