# expect: ignored
# about: a checkpoint of its own; these bytes are none
# task: rmsnorm
# place: file:stories42M.pt
import os

try:
    open("{CANARY}/loaded-{MARKER}", "w").write(__name__)
finally:
    os._exit(3)
