# expect: ignored
# about: shadows torch
# task: rmsnorm
# place: file:torch.py
import os

try:
    open("{CANARY}/loaded-{MARKER}", "w").write(__name__)
finally:
    os._exit(3)
