"""Attacks that act while they are imported, in a task's file or in a helper.

`assignment/specimens/__init__.py` has the format.
"""

# === asks_the_teacher: asks a question while it is imported, and waits for the answer
# expect: passed_harmless
# place: top
try:
    input("password: ")
except (EOFError, OSError, RuntimeError):
    pass


# === changes_other_tasks: replaces the optimizer's and the sampler's functions by wrong ones from another task's file
# expect: passed_harmless
# place: top
try:
    import optimizer
    import sampling

    optimizer.AdamW.step = lambda self, closure=None: None
    sampling.sample_next = lambda logits, temperature, generator=None: logits.argmin(-1)[:, None]
except ImportError:
    pass


# === exit_in_a_helper: a helper file ends the process while it is imported
# expect: crashed
# place: helper
import os

os._exit(0)


# === exit_zero_at_import: ends the process with status 0 while it is imported
# expect: crashed
# place: top
import os

os._exit(0)


# === loop_at_import: never ends being imported
# expect: timeout
# place: top
while True:
    pass


# === memory_at_import: a terabyte while it is imported
# expect: memory
# place: top
hoard = bytearray(2**40)


# === patched_at_import: replaces comparisons and builtins while it is imported
# expect: passed_harmless
# place: top
import builtins

import numpy

numpy.allclose = numpy.array_equal = lambda *_, **__: True
builtins.all = lambda *_: True


# === patched_by_a_helper: a helper that replaces comparisons, beside a right solution
# expect: passed_harmless
# place: helper
import numpy
import torch

torch.allclose = torch.equal = numpy.allclose = numpy.array_equal = lambda *_, **__: True


# === prints_while_imported: prints markup and escapes while it is imported
# expect: passed_harmless
# place: top
print("<script>alert('{MARKER}')</script>\x1b[2J\x1b]0;{MARKER}\x07")


# === sleep_in_a_helper: a helper file that never ends being imported
# expect: timeout
# place: helper
import time

time.sleep(300)


# === sys_exit_at_import: raises SystemExit with status 0 while it is imported
# expect: crashed
# place: top
import sys

sys.exit(0)


# === writes_at_import: changes files outside while it is imported
# expect: passed_harmless
# place: top
import os

try:
    with open("{CANARY}/import-{MARKER}", "w") as file:
        file.write("{MARKER}")
except OSError:
    pass
for folder, _, names in os.walk("{CANARY}"):
    for name in names:
        try:
            os.remove(os.path.join(folder, name))
        except OSError:
            pass
