# expect: passed_harmless
# about: asks a question while it is imported, and waits for the answer
# task: rmsnorm
# place: top
try:
    input("password: ")
except (EOFError, OSError, RuntimeError):
    pass
