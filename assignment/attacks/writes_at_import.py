# expect: passed_harmless
# about: changes files outside while it is imported
# task: rmsnorm
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
