# expect: ignored
# about: replaces a file of the handout that is given
# task: rmsnorm
# place: file:base_llama.py
import os

try:
    open("{CANARY}/loaded-{MARKER}", "w").write(__name__)
finally:
    os._exit(3)
