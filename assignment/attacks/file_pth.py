# expect: ignored
# about: a line that starts with import is run at Python's start
# task: rmsnorm
# place: file:evil.pth
import os

os._exit(3)
