"""What a worker's child said of one job, or how it ended when it said nothing.

None of it is to be trusted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assignment.arrays import Array
from assignment.sandbox.wire import size, unpack


@dataclass(frozen=True)
class Reply:
    """How one job ended, and what came of it."""

    ended: str  # done, not started, crashed, timeout, memory, too much output
    phase: str = "run"  # or import
    outputs: list[dict[str, Array]] = field(default_factory=list)  # of each case that was run
    error: str = ""
    place: str = ""  # file and line of the learner's that the error came from
    printed: str = ""
    seconds: float = 0.0
    confined: tuple[str, ...] = ()


def read_reply(about: Mapping[str, Any], data: bytes) -> Reply:
    """Make sense of what a child wrote, none of which is to be trusted."""
    seconds, status = float(about["seconds"]), int(about["status"])
    cut = int(about["printed"])
    printed = data[:cut].decode(errors="replace")
    if int(about["total"]) > cut:
        printed += f"\n... {int(about['total']) - cut} more bytes"
    if about["ended"]:
        return Reply(about["ended"], printed=printed, seconds=seconds)
    line, _, payload = data[cut:].partition(b"\n")
    try:
        said = json.loads(line)
        outputs, start = [], 0
        for description in said["about"]:
            length = sum(size(kind, shape) for _, kind, shape in description)
            outputs.append(unpack(description, payload[start : start + length]))
            start += length
        if said["ended"] not in ("done", "not started", "memory", "crashed"):
            raise ValueError("an unknown end")
        return Reply(
            said["ended"],
            "import" if said["phase"] == "import" else "run",
            outputs,
            str(said.get("error", ""))[:2000],
            str(said.get("place", ""))[:200],
            printed,
            seconds,
            tuple(str(name) for name in said.get("confined", ())),
        )
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError):
        return Reply(*how_it_died(status), printed=printed, seconds=seconds)


def how_it_died(status: int) -> tuple[str, str, list[dict[str, Array]], str]:
    """End, phase, outputs and words for a child that left no result."""
    names = {-24: "timeout", -9: "memory"}  # SIGXCPU; SIGKILL that we did not send
    if status == 0:
        text = "it ended before it had returned a result"
    elif status < 0:
        words = {
            -11: "segmentation fault",
            -6: "abort",
            -24: "processor time used up",
            -9: "killed by the system",
            -31: "a forbidden system call",
        }
        text = f"it was ended by signal {-status}: {words.get(status, 'see signal(7)')}"
    else:
        text = f"it ended with exit status {status} before it had returned a result"
    return names.get(status, "crashed"), "run", [], text
