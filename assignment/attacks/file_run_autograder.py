# expect: ignored
# about: replaces the platform's script
# task: rmsnorm
# place: file:run_autograder
import os

try:
    open("{CANARY}/loaded-{MARKER}", "w").write(__name__)
finally:
    os._exit(3)
