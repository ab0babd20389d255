# expect: crashed
# about: raises SystemExit with status 0 while it is imported
# task: rmsnorm
# place: top
import sys

sys.exit(0)
