"""How long work is going to take, told once a part is done: a bar shows on terminals only."""

from __future__ import annotations

import time

from tqdm import tqdm

from support.words import banner, time_in_words

WARM_UP = 5.0  # seconds; a first part that takes less tells nothing: it has all the preparations
ENOUGH = 1.0  # seconds of work that an estimate stands on


class Estimate:
    """Says in one line, after the first parts of some work, about how long the whole will take."""

    def __init__(self, total: float, what: str, *, compiles: bool = False) -> None:
        """Start the clock.

        Args:
            total: work, in any unit.
            what: to be done, in words: "12 prompts".
            compiles: whether the first part does, so that it tells nothing however long it takes.
        """
        self.left, self.what, self.compiles = total, what, compiles
        self.began = self.started = time.perf_counter()
        self.done_since = 0.0
        self.told = self.warm = False

    def done(self, work: float) -> None:
        """A part is done; once enough of them are, the line is printed."""
        now = time.perf_counter()
        self.left -= work
        if self.told or self.left <= 0:
            return
        if not self.warm:
            self.warm = True
            if self.compiles or now - self.started < WARM_UP:
                self.started = now
                return
        self.done_since += work
        if now - self.started >= ENOUGH:
            self.told = True
            rate = (now - self.started) / self.done_since
            seconds = now - self.began + rate * self.left
            tqdm.write(banner("expected", f"about {time_in_words(seconds)} for {self.what}"))
