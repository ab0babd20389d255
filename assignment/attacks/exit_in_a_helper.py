# expect: crashed
# about: a helper file ends the process while it is imported
# task: rmsnorm
# place: helper
import os

os._exit(0)
