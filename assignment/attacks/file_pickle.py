# expect: ignored
# about: a pickle of its own; these bytes are none
# task: rmsnorm
# place: file:sanity_check.data
import os

try:
    open("{CANARY}/loaded-{MARKER}", "w").write(__name__)
finally:
    os._exit(3)
