# expect: ignored
# about: makes a Python look for its packages elsewhere
# task: rmsnorm
# place: file:pyvenv.cfg
home = "/tmp"
