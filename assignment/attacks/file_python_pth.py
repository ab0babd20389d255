# expect: ignored
# about: makes a Python look for its packages elsewhere
# task: rmsnorm
# place: file:python._pth
import_site = 1
