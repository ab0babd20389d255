"""One way to tell a user what is wrong: a line on stderr, exit status 2."""

from __future__ import annotations

import argparse
import atexit
import errno
import io
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

USER_ERROR = 2  # as argparse
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
NO_MEMORY = ("can't allocate memory", "out of memory", "Cannot allocate memory")  # torch's words


class ArgumentParser(argparse.ArgumentParser):
    """argparse, with an error of one line, and flags that may be spelt with `-` or with `_`."""

    def error(self, message: str) -> NoReturn:
        sys.exit(complain(f"{message} (--help lists every flag)"))

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> Any:
        """As argparse, once each flag is spelt as it was added."""
        given = list(sys.argv[1:] if args is None else args)
        end = given.index("--") if "--" in given else len(given)
        spelt = [self._as_added(argument) for argument in given[:end]]
        return super().parse_known_args(spelt + given[end:], namespace)

    def _as_added(self, argument: str) -> str:
        name, equals, value = argument.partition("=")
        known = self._option_string_actions
        if not name.startswith("--") or name in known:
            return argument
        plain = {flag.replace("_", "-"): flag for flag in known}
        name = name.replace("_", "-")
        if name not in plain:  # perhaps a beginning of one, which argparse takes as well
            found = [flag for flag in plain if flag.startswith(name)]
            if len(found) != 1:
                return argument
            name = found[0]
        return plain[name] + equals + value


def run(main: Callable[[], int | None]) -> None:
    """Run a script's `main` and exit with its status.

    A ValueError (a bad value, file or combination), an OSError (the system refused), too little
    memory or a task that a learner has not written yet is the user's to mend, so it becomes one
    line. Anything else is a bug and keeps its traceback.
    """
    open_standard_streams()
    if getattr(signal.getsignal(signal.SIGINT), "__module__", "") == "support.early":
        signal.signal(signal.SIGINT, signal.default_int_handler)
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
        status = complain(_named(error))
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not any(w in str(error) for w in NO_MEMORY):
            raise
        status = complain(
            "out of memory: close other programs, or take less at a time (--max_tokens, --dtype, "
            "--quantize, a smaller model)"
        )
    except KeyboardInterrupt as error:
        print("\ninterrupted", file=sys.stderr)
        status = 128 + (error.args[0] if error.args else signal.SIGINT)  # as a shell says of it
    # All is done: a Ctrl-C that comes while Python tidies up would kill it without a word.
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
    sys.exit(status)


def open_standard_streams() -> None:
    """Make the three streams safe to use, also where a scheduler or a window closed them.

    A file opened later would get a closed one's number, and what is printed would go into it.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
        if getattr(sys, name) is None and name != "stdin":  # a closed stdin is told, not empty
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that lacks a character shows "?"; a log has each line as soon as it is said.
        sys.stdout.reconfigure(errors="replace", line_buffering=True)


def _named(error: Exception) -> Exception:
    """The error, or, where standard output is what failed, one that says so."""
    if isinstance(error, OSError) and error.filename is None and error.errno in NO_ROOM:
        sys.stdout = None  # files have names (`support.files`); nothing is flushed at exit
        return OSError(error.errno, error.strerror, "standard output")
    return error


def complain(error: Exception | str) -> int:
    """Print one line, `<script>: error: ...`, on stderr; returns the exit status."""
    if isinstance(error, OSError) and error.strerror:
        error = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    text = " ".join(str(error).split())
    script = Path(sys.argv[0])
    name = script.parent.name if script.name == "__main__.py" else script.name  # of `python -m`
    print(f"{name}: error: {text}", file=sys.stderr)
    return USER_ERROR
