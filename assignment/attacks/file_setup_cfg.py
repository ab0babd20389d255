# expect: ignored
# about: settings of pytest
# task: rmsnorm
# place: file:setup.cfg
# [tool:pytest]
addopts = "--collect-only"
