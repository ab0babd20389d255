# expect: ignored
# about: replaces the set-up
# task: rmsnorm
# place: file:setup.sh
import os

try:
    open("{CANARY}/loaded-{MARKER}", "w").write(__name__)
finally:
    os._exit(3)
