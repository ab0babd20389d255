"""The process that runs a learner's code, spoken to through pipes; `sandbox.py` starts it.

It imports torch once and nothing of the learner's. For each job it forks; the child gives up what
`confine.py` names, imports the learner's modules from TREE, runs the cases and writes raw arrays
to a pipe. The worker reads no more than is allowed, kills the child when its time is over, and
ends whatever it has left behind.

A job comes on stdin, a reply goes to stdout: a line of JSON, then as many bytes as it announces.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import select
import signal
import sys
import time
import traceback
from bdb import BdbQuit
from collections.abc import Collection, Mapping
from typing import Any, BinaryIO, NoReturn

import numpy as np
import torch

from assignment.sandbox import confine
from assignment.sandbox.wire import LARGEST, TYPES, pack, unpack

PRINTED = 10_000  # bytes of what the code prints that are kept


class OutputError(ValueError):
    """A function returned what is no array of numbers."""


def to_numpy(name: str, value: Any) -> np.ndarray[Any, Any]:
    """A tensor of a plain type as an array; raises an OutputError for anything else."""
    if not isinstance(value, torch.Tensor):
        raise OutputError(f"{name} is a {type(value).__name__} and should be a tensor")
    value = torch.Tensor.detach(value)
    if value.layout != torch.strided or value.device.type != "cpu":
        raise OutputError(f"{name} is a tensor on {value.device} of layout {value.layout}")
    if value.dtype in (torch.float16, torch.bfloat16):
        value = value.float()
    if str(value.numpy().dtype.str)[1:] not in TYPES:
        raise OutputError(f"{name} has the type {value.dtype}")
    if value.numel() * value.element_size() > LARGEST:
        raise OutputError(f"{name} has the shape {tuple(value.shape)}: far too large")
    return value.numpy()


def run_job(job: Mapping[str, Any], arrays: list[dict[str, Any]]) -> tuple[dict[str, Any], bytes]:
    """Run in the child: import, feed each case; returns the reply and its bytes."""
    phase, about, parts = "import", [], []
    try:
        for module in job["imports"]:
            importlib.import_module(module)
        phase = "run"
        if job["task"] is not None:
            runners = importlib.import_module(f"assignment.runners.{job['runner']}").RUNNERS
            for given in arrays:
                torch.manual_seed(0)
                outputs = runners[job["task"]](
                    {name: torch.from_numpy(x) for name, x in given.items()}
                )
                description, data = pack({n: to_numpy(n, x) for n, x in outputs.items()})
                about.append(description)
                parts.append(data)
    except NotImplementedError:
        return {"ended": "not started", "phase": phase, "about": about}, b"".join(parts)
    except MemoryError:
        return {"ended": "memory", "phase": phase, "about": about}, b"".join(parts)
    except BaseException as error:
        kind = "memory" if "can't allocate memory" in str(error)[:500] else "crashed"
        reply = {"ended": kind, "phase": phase, "about": about, **describe(error, job["files"])}
        return reply, b"".join(parts)
    return {"ended": "done", "phase": phase, "about": about}, b"".join(parts)


def describe(error: BaseException, files: Collection[str]) -> dict[str, str]:
    """An error in a line, and where it came from: the learner's own line, and what that called.

    Args:
        files: the learner's, by their names in the tree.
    """
    lines = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):
        lines.append((str(error.filename), error.lineno))
    tree = sys.path[0] + os.sep
    frames = [
        (name.removeprefix(tree).replace(os.sep, "/"), line)
        for name, line in lines
        if name.startswith(tree) and not name.startswith(f"{tree}assignment{os.sep}")
    ]
    own = [frame for frame in frames if frame[0] in files] or frames
    place = "{}, line {}".format(*own[-1]) if own else ""
    if own and own[-1] != frames[-1]:
        place += " ({}, line {})".format(*frames[-1])
    text = str(error)[:2000] or ("a breakpoint() was left in" if isinstance(error, BdbQuit) else "")
    return {"error": f"{type(error).__name__}: {text}", "place": place[:200]}


def child(job: Mapping[str, Any], arrays: list[dict[str, Any]], result: int) -> NoReturn:
    """What the fork does: give up, run, write, end. It never returns to the worker's loop."""
    os.chdir(job["folder"])
    limits = confine.Limits(**job["limits"])
    confine.set_limits(limits)
    if (uid := job.get("uid")) is not None and os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    confine.die_with_parent()
    confined: list[str] = []
    if job["confine"]:
        confine.forbid_new_privileges()
        confine.drop_capabilities()
        places = [*confine.readable_places(sys.path[0]), *job["lent"]]
        confined += ["Landlock"] * confine.landlock(places, [job["folder"]])
        confined += ["seccomp"] * confine.seccomp()
    reply, data = run_job(job, arrays)
    about = {**reply, "confined": confined, "bytes": len(data)}
    message = json.dumps(about).encode() + b"\n" + data
    with contextlib.suppress(OSError):
        while message:
            message = message[os.write(result, message) :]
    os._exit(0)


def start_child(job: Mapping[str, Any], arrays: list[dict[str, Any]]) -> tuple[int, int, int]:
    """Fork; returns the child's id and the ends of its two pipes: result, what it prints."""
    result, result_in = os.pipe()
    printed, printed_in = os.pipe()
    pid = os.fork()
    if pid:
        os.close(result_in)
        os.close(printed_in)
        return pid, result, printed
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(printed_in, 1)
        os.dup2(printed_in, 2)
        os.dup2(result_in, 3)
        os.closerange(4, 4096)
        sys.stdout = os.fdopen(1, "w", buffering=1, errors="replace", closefd=False)
        sys.stderr = os.fdopen(2, "w", buffering=1, errors="replace", closefd=False)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        child(job, arrays, 3)
    finally:
        os._exit(70)


def read_child(
    result: int, printed: int, deadline: float, limit: int
) -> tuple[bytes, bytes, int, str]:
    """Read both pipes until they are closed; returns both, what was printed in all, and why not.

    What is printed beyond the part that is kept is read and forgotten, so that nobody has to wait.
    """
    kept: dict[int, bytearray] = {result: bytearray(), printed: bytearray()}
    total, ended = 0, ""
    waiting = {result, printed}
    while result in waiting:
        left = deadline - time.monotonic()
        ready = select.select(list(waiting), [], [], max(0, left))[0] if left > 0 else []
        if not ready:
            ended = "timeout"
            break
        for pipe in ready:
            data = os.read(pipe, 1 << 16)
            if not data:
                waiting.discard(pipe)
            elif pipe == printed:
                total += len(data)
                kept[pipe] += data[: PRINTED - len(kept[pipe])]
            else:
                kept[pipe] += data
        if len(kept[result]) > limit:
            ended = "too much output"
            break
    os.close(result)
    os.close(printed)
    return bytes(kept[result]), bytes(kept[printed]), total, ended


def end_child(pid: int, ended: str) -> int:
    """Wait for the child, or kill it; returns its exit status, negative for a signal."""
    for _ in range(0 if ended else 100):  # it has closed its pipe, and is about to end
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def sweep() -> int:
    """Kill every descendant that is left, round after round; returns how many there were.

    Orphans become this process's children, so that none can get out of sight.
    """
    killed = 0
    for _ in range(1000):
        victims = descendants()
        for pid in victims:  # stopped first, they cannot start new ones meanwhile
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGSTOP)
        for pid in victims:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not victims:
            break
        killed += len(victims)
        time.sleep(0.002)
    return killed


def descendants() -> list[int]:
    """The processes below this one, by /proc; none where there is no /proc."""
    parents = {}
    with contextlib.suppress(OSError):
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError, ValueError), open(f"/proc/{name}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
                if fields[0] != b"Z":
                    parents[int(name)] = int(fields[1])
    found: set[int] = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found - {os.getpid()})


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer jobs until stdin is closed."""
    while line := requests.readline():
        job = json.loads(line)
        arrays = [unpack(about, requests.read(size)) for about, size in job.pop("cases")]
        start = time.monotonic()
        if hasattr(os, "fork"):
            pid, result, printed = start_child(job, arrays)
            deadline = start + job["limits"]["seconds"]
            data, text, total, ended = read_child(result, printed, deadline, LARGEST)
            status = end_child(pid, ended)
            left = sweep()
        else:  # no fork, as on Windows: the worker is the child, and is replaced after each job
            os.chdir(job["folder"])
            reply, payload = run_job(job, arrays)
            data = json.dumps({**reply, "bytes": len(payload)}).encode() + b"\n" + payload
            text, total, ended, status, left = b"", 0, "", 0, 0
        about = {
            "ended": ended,
            "status": status,
            "left": left,
            "printed": len(text),
            "total": total,
            "bytes": len(data),
            "seconds": time.monotonic() - start,
        }
        replies.write(json.dumps(about).encode() + b"\n" + text + data)
        replies.flush()
        if not hasattr(os, "fork"):
            return


def main() -> None:
    """Take over stdin and stdout, get ready, say so, and serve."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing that is printed may look like a reply
    confine.adopt_orphans()
    confine.hide_memory()
    torch.set_num_threads(1)
    # Imports a part of torch that is slow to load, once for all children.
    torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    replies.write(b'{"ready": true}\n')
    replies.flush()
    serve(requests, replies)
