# expect: timeout
# about: a helper file that never ends being imported
# task: rmsnorm
# place: helper
import time

time.sleep(300)
