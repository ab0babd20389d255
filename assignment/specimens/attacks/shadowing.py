"""Attacks by files that hide or replace what is given; intake leaves them all out.

`assignment/specimens/__init__.py` has the format.
"""

# === default
# expect: ignored
import os

try:
    open("{CANARY}/loaded-{MARKER}", "w").write(__name__)
finally:
    os._exit(3)

# === file_assignment_checks: replaces the checks
# place: file:assignment/checks.py

# === file_assignment_package: replaces the checks
# place: file:assignment/__init__.py

# === file_assignment_reference: brings a reference of its own
# place: file:assignment/reference.py

# === file_assignment_runners: replaces what runs it
# place: file:assignment/runners.py

# === file_base_llama: replaces a file of the handout that is given
# place: file:base_llama.py

# === file_checkpoint: a checkpoint of its own; these bytes are none
# place: file:stories42M.pt

# === file_checkpoints_package: replaces a file of the handout that is given
# place: file:checkpoints/__init__.py

# === file_config: replaces a file of the handout that is given
# place: file:config.py

# === file_conftest: pytest imports it
# place: file:conftest.py

# === file_data_package: replaces a file of the handout that is given
# place: file:data/__init__.py

# === file_extension_module: an extension module goes before the source of its name; these bytes are none
# place: file:llama.so

# === file_extension_module_abi: an extension module goes before the source of its name; these bytes are none
# place: file:llama.cpython-311-x86_64-linux-gnu.so

# === file_init: makes a package of the folder
# place: file:__init__.py

# === file_json_package: a package that shadows one of the standard library
# place: file:json/__init__.py

# === file_llama_package: a package goes before the module of its name
# place: file:llama/__init__.py

# === file_main: Python runs it when it is given the folder
# place: file:__main__.py

# === file_math: shadows a module of the standard library that is built in
# place: file:math.py

# === file_numpy: shadows numpy
# place: file:numpy.py

# === file_pickle: a pickle of its own; these bytes are none
# place: file:sanity_check.data

# === file_pth: a line that starts with import is run at Python's start
# place: file:evil.pth
import os

os._exit(3)

# === file_pyc: stale bytecode; these bytes are none, and importing them would fail
# place: file:__pycache__/llama.cpython-311.pyc

# === file_pyc_this_python: stale bytecode; these bytes are none, and importing them would fail
# place: file:__pycache__/rope.cpython-312.pyc

# === file_pyproject: settings of pytest
# place: file:pyproject.toml
# [tool.pytest.ini_options] is read from here
__name__ = "pyproject"

# === file_pytest: shadows pytest
# place: file:pytest.py

# === file_pytest_ini: settings of pytest
# place: file:pytest.ini
# [pytest]
addopts = "--collect-only -p evil"

# === file_python_pth: makes a Python look for its packages elsewhere
# place: file:python._pth
import_site = 1

# === file_pyvenv_cfg: makes a Python look for its packages elsewhere
# place: file:pyvenv.cfg
home = "/tmp"

# === file_reference_outputs: replaces the recorded cases; these bytes are none
# place: file:data/sanity_check.npz

# === file_results: brings its own results
# place: file:results.json
results = {"score": 100.0, "tests": []}

# === file_results_autograder: brings its own results
# place: file:results/results.json
results = {"score": 100.0, "tests": []}

# === file_rope_package: a package goes before the module of its name
# place: file:rope/__init__.py

# === file_run_autograder: replaces the platform's script
# place: file:run_autograder

# === file_run_llama: replaces a file of the handout that is given
# place: file:run_llama.py

# === file_sanity_check: replaces a test of the handout
# place: file:sanity_check.py

# === file_setup_cfg: settings of pytest
# place: file:setup.cfg
# [tool:pytest]
addopts = "--collect-only"

# === file_setup_sh: replaces the set-up
# place: file:setup.sh

# === file_sitecustomize: Python imports it at its start
# place: file:sitecustomize.py

# === file_sourceless_pyc: bytecode without a source; these bytes are none, and importing them would fail
# place: file:llama.pyc

# === file_support_errors: replaces a file of the handout that is given
# place: file:support/errors.py

# === file_support_package: replaces a file of the handout that is given
# place: file:support/__init__.py

# === file_tasks: tasks of its own, with points of its own
# place: file:assignment/courses/llama.toml
# [rmsnorm]
points = 1000

# === file_test_of_rope: replaces a test of the handout
# place: file:rope_test.py

# === file_tests_conftest: pytest imports it
# place: file:tests/conftest.py

# === file_tokenizer: replaces a file of the handout that is given
# place: file:tokenizer.py

# === file_torch: shadows torch
# place: file:torch.py

# === file_torch_package: a package that shadows torch
# place: file:torch/__init__.py

# === file_typing: shadows a module of the standard library
# place: file:typing.py

# === file_usercustomize: Python imports it at its start
# place: file:usercustomize.py
