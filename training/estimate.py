"""How long work is going to take, told once a part is done: a bar shows on terminals only."""

from __future__ import annotations

import time

from tqdm import tqdm


class Estimate:
    """Says in one line, after the first part of some work, about how long the whole will take."""

    def __init__(self, total: float, what: str, skip: int = 0) -> None:
        """Start the clock.

        Args:
            total: work, in any unit.
            what: to be done, in words: "12 prompts".
            skip: parts that tell nothing, such as a first one that compiles.
        """
        self.left, self.what, self.skip = total, what, skip
        self.started: float | None = time.perf_counter()

    def done(self, work: float) -> None:
        """A part is done: the first one (that tells something) prints the line."""
        if self.started is None:
            return
        self.left -= work
        if self.skip:
            self.skip -= 1
            self.started = time.perf_counter()
            return
        seconds = (time.perf_counter() - self.started) / work * (self.left + work)
        self.started = None
        shown = f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"
        tqdm.write(f"expected  about {shown} for {self.what}")
