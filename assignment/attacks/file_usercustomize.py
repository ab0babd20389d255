# expect: ignored
# about: Python imports it at its start
# task: rmsnorm
# place: file:usercustomize.py
import os

try:
    open("{CANARY}/loaded-{MARKER}", "w").write(__name__)
finally:
    os._exit(3)
