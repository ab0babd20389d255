"""The one way in which everything here is timed: contenders in turn, A B A B.

Each contender lives in a process of its own, so that threads, memory and compiled code of one
touch no other. A round asks one after another; what the machine does beside is then spread over
all of them, and a ratio is taken within a round.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

import torch
from tqdm import tqdm


@dataclass(frozen=True)
class Run:
    """What one timed run did."""

    seconds: float
    units: float  # tokens, prompts, examples, steps: see `Work.unit`
    bytes: float = 0  # that had to be read and written at least; 0: not a question of memory
    flops: float = 0  # multiplications and additions of the weights; 0: likewise
    result: tuple[int, ...] = ()  # what came out, to see that all did the same
    figures: Mapping[str, float] = field(default_factory=dict)  # more to tell, by name and unit
    peak_bytes: int = 0  # where another process than the contender's did the work


@dataclass(frozen=True)
class Contender:
    """One way to do the work.

    `make` is called in the contender's own process, with `options`; what it returns is run, first
    with True: a warm-up, which may do less, then with False once a round.
    """

    name: str
    make: Callable[..., Callable[[bool], Run]]
    options: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""  # where its work differs from the others'

    @property
    def is_ours(self) -> bool:
        return self.name.startswith("ours")


@dataclass(frozen=True)
class Work:
    """What a group of contenders has to do."""

    name: str
    about: str  # the work in a line
    unit: str
    versus: str  # the contender that ratios are taken to
    contenders: Sequence[Contender]
    as_time: bool = False  # show milliseconds a unit in place of units a second
    keep: bool = True  # all processes stay alive; False, where they would not fit: one at a time

    def named(self, name: str) -> Contender | None:
        return next((c for c in self.contenders if c.name == name), None)


@dataclass
class Measured:
    """A contender's runs so far."""

    contender: Contender
    runs: dict[int, Run] = field(default_factory=dict)  # round -> run
    peak_bytes: int = 0  # of its process, loading and warm-up included
    failure: str = ""


class ContenderFailed(Exception):
    """A contender's process raised an error or died."""


class Child:
    """A contender in a process of its own."""

    def __init__(self, contender: Contender, threads: int) -> None:
        context = multiprocessing.get_context("spawn")  # nothing inherited from this process
        self.connection, other = context.Pipe()
        self.process = context.Process(
            target=serve, args=(other, contender, threads), daemon=True, name=contender.name
        )
        with ignored_interrupt():  # inherited: Ctrl-C is this process's to handle
            self.process.start()
        other.close()
        self.busy = True  # until it has answered
        try:
            self._receive()
        except BaseException:  # Ctrl-C as well
            self.stop()
            raise

    def ask(self) -> tuple[Run, int]:
        """One timed run, and the process's peak memory in bytes."""
        with suppress(BrokenPipeError):  # it has died: `_receive` says how
            self.connection.send("run")
        self.busy = True
        return self._receive()

    def stop(self) -> None:
        """Let it end; one that is busy, since Ctrl-C came, is not waited for."""
        self.connection.close()
        if self.busy:
            self.process.terminate()
        self.process.join()

    def _receive(self) -> Any:
        try:
            answer = self.connection.recv()
        except (EOFError, ConnectionResetError):
            self.process.join()
            code = self.process.exitcode or 0
            why = f"signal {-code}, as for want of memory" if code == -9 else f"status {code}"
            raise ContenderFailed(f"its process ended with {why}") from None
        self.busy = False
        if isinstance(answer, str):
            raise ContenderFailed(answer)
        return answer


def serve(connection: Connection, contender: Contender, threads: int) -> None:
    """The life of a contender's process: make, warm up, then a run for each request."""
    torch.set_num_threads(threads)
    # What a contender prints, progress bars and all, is no part of the report.
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    try:
        run = contender.make(**contender.options)
        run(True)
        connection.send(None)
        while connection.recv():
            done = run(False)
            connection.send((done, done.peak_bytes or peak_memory("self")))
    except EOFError:  # who asked has gone
        pass
    except Exception as error:  # of any package: told in one line, and the others go on
        connection.send(f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")


def peak_memory(process: int | Literal["self"]) -> int:
    """The most memory that a process has had, in bytes; 0 where the system does not say."""
    with suppress(OSError):  # getrusage counts what the parent had when it started this process
        for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    if sys.platform == "win32" or process != "self":
        return 0
    import resource  # not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS


@contextmanager
def ignored_interrupt() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def measure(
    work: Work,
    measured: Sequence[Measured],
    rounds: int,
    threads: int,
    tell: Callable[[str], None],
) -> None:
    """Run a work's contenders `rounds` times in turn, A B A B.

    `measured`, one entry for each, fills as the runs come in, so that after Ctrl-C it holds what
    there was time for. A contender that fails is left out from then on, and `tell` gets the reason.
    """
    os.environ["OMP_NUM_THREADS"] = str(threads)  # of libraries that are not torch's
    children: dict[str, Child] = {}
    try:
        with tqdm(
            total=rounds * len(measured), desc=work.name, unit="run", leave=False, disable=None
        ) as bar:
            for number in range(rounds):
                for entry in measured:
                    name = entry.contender.name
                    bar.set_postfix_str(name)
                    if not entry.failure:
                        try:
                            if name not in children:
                                children[name] = Child(entry.contender, threads)
                            entry.runs[number], entry.peak_bytes = children[name].ask()
                        except ContenderFailed as error:
                            entry.failure = str(error)
                            tell(f"{work.name}: {name} is left out: {error}")
                    bar.update()
                    if not work.keep and name in children:
                        children.pop(name).stop()
    finally:
        for child in children.values():
            child.stop()
