"""The ways to run code that this machine has, found by trying them, the best first."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from assignment.sandbox.process import Worker

TIERS = ("bubblewrap", "separate user", "plain")
PROBE = "encodings.rot_13"  # of the standard library, and never there before a child reads it


@dataclass(frozen=True)
class Tier:
    """A way to run code, and what the kernel adds to it."""

    name: str
    confined: tuple[str, ...]
    root: bool = False  # whether the code runs as root
    passed_over: tuple[str, ...] = ()  # better tiers, and why they do not work

    def __str__(self) -> str:
        return ", ".join((self.name, *self.confined))

    @property
    def isolates(self) -> bool:
        """Whether it keeps code that means harm from doing any."""
        return self.name != "plain" or set(self.confined) == {"Landlock", "seccomp"}

    @property
    def warning(self) -> str:
        """What people must know before they grade what they have not read; mostly nothing."""
        if self.isolates and not self.root:
            return ""
        who = "root" if self.root else "the user who grades"
        only = " and ".join(self.confined) or "limits of time and memory"
        return f"submitted code runs as {who} with only {only} around it; install bubblewrap"


def choose_tier(tree: Path, only: str | None = None) -> Tier:
    """The first tier in which a worker starts and imports, with the confinement that it has.

    Args:
        tree: holds the worker's own code.
        only: try no other tier than this one.

    Raises:
        ValueError: none works; why not.
    """
    reasons = []
    for name in TIERS if only is None else (only,):
        if name == "bubblewrap" and shutil.which("bwrap") is None:
            reasons.append("bubblewrap: not installed")
            continue
        if name == "separate user" and (sys.platform != "linux" or os.geteuid() != 0):
            reasons.append("separate user: needs root, on Linux")
            continue
        try:
            with Worker(tree, tier=name) as worker:
                reply = worker.run([PROBE, "config"])
        except OSError as error:
            reasons.append(str(error))
            continue
        if reply.ended == "done":
            # In the other tiers the worker becomes a user that owns nothing.
            root = name == "plain" and hasattr(os, "geteuid") and os.geteuid() == 0
            return Tier(name, reply.confined, root, tuple(reasons))
        hint = f" (can any user read {sys.base_prefix}?)" if name == "separate user" else ""
        reasons.append(f"{name}: {reply.error}{hint}")
    raise ValueError(f"no way to run code that is not trusted: {'; '.join(reasons)}")
