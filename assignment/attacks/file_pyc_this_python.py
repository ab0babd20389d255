# expect: ignored
# about: stale bytecode; these bytes are none, and importing them would fail
# task: rmsnorm
# place: file:__pycache__/rope.cpython-312.pyc
import os

try:
    open("{CANARY}/loaded-{MARKER}", "w").write(__name__)
finally:
    os._exit(3)
