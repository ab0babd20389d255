# expect: ignored
# about: makes a package of the folder
# task: rmsnorm
# place: file:__init__.py
import os

try:
    open("{CANARY}/loaded-{MARKER}", "w").write(__name__)
finally:
    os._exit(3)
