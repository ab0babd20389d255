# expect: ignored
# about: settings of pytest
# task: rmsnorm
# place: file:pytest.ini
# [pytest]
addopts = "--collect-only -p evil"
