# expect: ignored
# about: an extension module goes before the source of its name; these bytes are none
# task: rmsnorm
# place: file:llama.so
import os

try:
    open("{CANARY}/loaded-{MARKER}", "w").write(__name__)
finally:
    os._exit(3)
