# expect: ignored
# about: shadows pytest
# task: rmsnorm
# place: file:pytest.py
import os

try:
    open("{CANARY}/loaded-{MARKER}", "w").write(__name__)
finally:
    os._exit(3)
