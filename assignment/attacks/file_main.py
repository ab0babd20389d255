# expect: ignored
# about: Python runs it when it is given the folder
# task: rmsnorm
# place: file:__main__.py
import os

try:
    open("{CANARY}/loaded-{MARKER}", "w").write(__name__)
finally:
    os._exit(3)
