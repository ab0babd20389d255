"""Attacks by how they end: crashes, exceptions, exits.

`assignment/specimens/__init__.py` has the format.
"""


# === abort: aborts, with a core dump where these are allowed
# expect: crashed
def _norm(self, x):
    import os

    os.abort()


# === base_exception: raises an exception of its own that is no Exception
# expect: crashed
def _norm(self, x):
    class Escape(BaseException):
        pass

    raise Escape("not to be caught by `except Exception`")


# === debugger: stops in a debugger, which waits for commands
# expect: crashed
def _norm(self, x):
    breakpoint()
    raise RuntimeError("nobody answered")


# === exit_zero: ends the process with status 0, as a passed test would
# expect: crashed
def _norm(self, x):
    import os

    os._exit(0)


# === fault_handler: lets faulthandler write to every descriptor when it crashes
# expect: crashed
def _norm(self, x):
    import ctypes
    import faulthandler

    for descriptor in range(3, 64):
        try:
            faulthandler.enable(descriptor)
        except (OSError, ValueError):
            continue
    ctypes.string_at(0)


# === generator_exit: raises GeneratorExit
# expect: crashed
def _norm(self, x):
    raise GeneratorExit


# === keyboard_interrupt: raises KeyboardInterrupt, as if the teacher had pressed Ctrl-C
# expect: crashed
def _norm(self, x):
    raise KeyboardInterrupt


# === killed_by_itself: kills its own process
# expect: crashed
def _norm(self, x):
    import os
    import signal

    os.kill(os.getpid(), signal.SIGKILL)


# === loop_on_the_way_out: right, and loops when the interpreter ends
# expect: passed_harmless
def _norm(self, x):
    import atexit
    import time

    atexit.register(time.sleep, 300)
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)


# === pretends_not_started: raises the error of an empty task, with markup
def _norm(self, x):
    raise NotImplementedError("<script>alert('{MARKER}')</script> rmsnorm passed")


# === raises_a_group: raises exceptions in groups of groups, 2**500 if one counts them
def _norm(self, x):
    error = ValueError("innermost")
    for _ in range(500):
        error = ExceptionGroup("group", [error, error])
    raise error


# === raises_a_markup_class: raises an exception whose class is named in markup
# expect: crashed
def _norm(self, x):
    raise type("<script>alert('{MARKER}')</script>", (Exception,), {})("\x1b[2J")


# === raises_assertion: raises what a failed check of the grader's own would raise
# expect: crashed
def _norm(self, x):
    raise AssertionError("rmsnorm/large: normalised is right")


# === raises_in_a_circle: raises an exception that is the cause of itself, at the end of a chain of ten thousand
# expect: crashed
def _norm(self, x):
    error = first = ValueError("first")
    for number in range(10_000):
        later = ValueError(f"number {number}")
        later.__cause__ = error
        error = later
    first.__context__ = error
    raise error


# === raises_with_a_hundred_megabytes: raises an exception with a text of 100 MB
# expect: crashed
def _norm(self, x):
    raise ValueError("x" * 100_000_000)


# === raises_with_a_loop: raises an exception whose text never ends being made
def _norm(self, x):
    class Endless(Exception):
        def __str__(self):
            import time

            time.sleep(300)
            return ""

        __repr__ = __str__

    raise Endless


# === raises_with_markup: raises an exception with markup, escapes and a forged verdict in its text
# expect: crashed
def _norm(self, x):
    raise ValueError(
        "<script>alert('{MARKER}')</script><img src=x onerror=alert(1)>\x1b[2J\x1b[31m\x1b]8;;http://x\x07"
        "\r\npassed  rmsnorm  10/10\n```\n# [a link](javascript:alert(1))\n&lt;\x00\u202e\ud800"
    )


# === raises_without_text: raises an exception whose text raises one
# expect: crashed
def _norm(self, x):
    class Mute(Exception):
        def __str__(self):
            raise SystemExit(0)

        __repr__ = __str__

    raise Mute


# === recursion: calls itself without end
# expect: crashed
def _norm(self, x):
    def again(n):
        return again(n + 1) + 1

    return again(0)


# === recursion_through_the_stack: goes down through C until the stack is used up
# expect: crashed
def _norm(self, x):
    import sys

    sys.setrecursionlimit(2**30)
    nested = []
    for _ in range(10**6):
        nested = [nested]
    repr(nested)
    raise RecursionError("this interpreter knows how to end it")


# === segfault: reads address 0
# expect: crashed
def _norm(self, x):
    import ctypes

    ctypes.string_at(0)


# === stop_iteration: raises StopIteration, which ends a loop of the caller in silence
# expect: crashed
def _norm(self, x):
    raise StopIteration


# === sys_exit: raises SystemExit with status 0
# expect: crashed
def _norm(self, x):
    import sys

    sys.exit(0)


# === terminated_by_itself: ends itself with SIGTERM, as a grader's own timeout would
# expect: crashed
def _norm(self, x):
    import os
    import signal

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)
