# expect: ignored
# about: a package goes before the module of its name
# task: rmsnorm
# place: file:llama/__init__.py
import os

try:
    open("{CANARY}/loaded-{MARKER}", "w").write(__name__)
finally:
    os._exit(3)
