# expect: crashed
# about: ends the process with status 0 while it is imported
# task: rmsnorm
# place: top
import os

os._exit(0)
