"""One way to tell a user what is wrong: a line on stderr, exit status 2."""

from __future__ import annotations

import argparse
import atexit
import io
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

USER_ERROR = 2  # as argparse


class ArgumentParser(argparse.ArgumentParser):
    """argparse, with an error of one line instead of the usage."""

    def error(self, message: str) -> NoReturn:
        sys.exit(complain(f"{message} (--help lists every flag)"))


def run(main: Callable[[], int | None]) -> None:
    """Run a script's `main` and exit with its status.

    A ValueError (a bad value, file or combination), an OSError (the system refused) or a task that
    a learner has not written yet is the user's to mend, so it becomes one line. Anything else is a
    bug and keeps its traceback.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal that lacks a character shows "?"
        sys.stdout.reconfigure(errors="replace")
    try:
        status = main() or 0
        sys.stdout.flush()
    except BrokenPipeError:  # the reader (head, less) has seen enough
        sys.stdout = None  # so that nothing is flushed at exit
        status = 1
    except NotImplementedError as error:
        task = str(error)  # a handout's stub says which one it is; torch says more than a word
        if not task.isidentifier():
            raise
        status = complain(f"{task} is not written yet: python -m assignment hint {task}")
    except (ValueError, OSError) as error:
        status = complain(error)
    except KeyboardInterrupt as error:
        print("\ninterrupted", file=sys.stderr)
        status = 128 + (error.args[0] if error.args else signal.SIGINT)  # as a shell says of it
    # All is done: a Ctrl-C that comes while Python tidies up would kill it without a word.
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
    sys.exit(status)


def complain(error: Exception | str) -> int:
    """Print one line, `<script>: error: ...`, on stderr; returns the exit status."""
    if isinstance(error, OSError) and error.strerror:
        error = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    text = " ".join(str(error).split())
    script = Path(sys.argv[0])
    name = script.parent.name if script.name == "__main__.py" else script.name  # of `python -m`
    print(f"{name}: error: {text}", file=sys.stderr)
    return USER_ERROR
