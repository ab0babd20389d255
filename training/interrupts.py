"""Ctrl-C and SIGTERM in the middle of a step: noted, and obeyed once there is a whole state."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from typing import Any

NAMES = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}


class Interrupted(KeyboardInterrupt):
    """A signal came, and the state has been saved; the first argument is the signal's number."""


@contextlib.contextmanager
def deferred_interrupts() -> Iterator[list[int]]:
    """Note signals in the yielded list in place of obeying: a half-done step must not be saved.

    A second one ends the program at once.
    """
    came: list[int] = []
    before = {number: signal.getsignal(number) for number in NAMES}

    def note(number: int, frame: Any) -> None:
        came.append(number)
        name = NAMES[signal.Signals(number)]
        print(f"\n{name}: finishing this step, then saving (again: stop at once)", file=sys.stderr)
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    with contextlib.suppress(ValueError):  # not the main thread: nothing arrives here
        for number in NAMES:
            signal.signal(number, note)
    try:
        yield came
    finally:
        with contextlib.suppress(ValueError):
            restore()
