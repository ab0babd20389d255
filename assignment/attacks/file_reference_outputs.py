# expect: ignored
# about: replaces the recorded cases; these bytes are none
# task: rmsnorm
# place: file:data/sanity_check.npz
import os

try:
    open("{CANARY}/loaded-{MARKER}", "w").write(__name__)
finally:
    os._exit(3)
