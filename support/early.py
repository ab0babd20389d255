"""Imported first by scripts: packages take seconds to load, and a Ctrl-C then is one line, too.

Raised as an exception it would come out of the middle of some package, which may swallow it.
Nothing has been begun that could be left half done, so the process ends on the spot.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import Any


def _end(number: int, frame: Any) -> None:
    os.write(2, b"\ninterrupted\n")
    os._exit(128 + number)  # as a shell says of it


def _is_script(main: Any) -> bool:
    """Whether one of this project's scripts is run, rather than pytest, say, which loads them."""
    if not getattr(main, "__file__", None):  # `python -c`, a prompt, a notebook
        return False
    path = Path(os.path.abspath(main.__file__))
    folder = path.parent.parent if path.name == "__main__.py" else path.parent
    return folder == Path(__file__).parent.parent


# Where Ctrl-C is ignored (`nohup`, a script's background), it stays so.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler and _is_script(
    sys.modules["__main__"]
):
    with contextlib.suppress(ValueError):  # not the main thread
        signal.signal(signal.SIGINT, _end)
