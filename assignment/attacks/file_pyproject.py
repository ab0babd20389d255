# expect: ignored
# about: settings of pytest
# task: rmsnorm
# place: file:pyproject.toml
# [tool.pytest.ini_options] is read from here
__name__ = "pyproject"
