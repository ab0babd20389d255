"""Where untrusted code runs: a worker behind the best isolation that this machine has.

Three tiers, found by trying them: `bubblewrap` (namespaces of its own: no other process, no
network, a read-only view of few folders), `separate user` (as root, each worker's children run as
a user that owns nothing), `plain`. In each of them the child that runs the code also gives up what
`confine.py` names. Only inputs go in and only raw arrays come out.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import queue
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from assignment.confine import LIMITS, Limits, readable_places
from assignment.wire import Array, pack, size, unpack

try:
    import pwd
except ImportError:  # Windows has no such users
    pwd = None  # type: ignore[assignment]

TIERS = ("bubblewrap", "separate user", "plain")
FIRST_UID = 64_100  # of the users that own nothing
START_SECONDS = 120  # importing torch from a cold disk
BOOT = "import sys; sys.path.insert(0, sys.argv[1]); from assignment.worker import main; main()"


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


class Worker:
    """One worker process, started when first needed, and again when it was lost."""

    def __init__(
        self,
        tree: Path | None = None,
        *,
        tier: str = "plain",
        confine: bool = True,
        lent: Sequence[Path] = (),
    ) -> None:
        """Prepare folders; a tree of its own, to be filled, unless one is given.

        Args:
            confine: whether the code gives up what `confine.py` names, and its user.
            lent: files that it may read beside its tree.
        """
        self.home = Path(tempfile.mkdtemp(prefix="min-llama-"))
        self.tree = self.home / "tree" if tree is None else tree.resolve()
        self.scratch = self.home / "scratch"
        self.tier, self.confine = tier, confine
        self.lent = [str(path.resolve()) for path in lent]
        self.uid, self.claim = None, None
        if confine and tier != "plain" and sys.platform == "linux" and os.geteuid() == 0:
            self.uid, self.claim = claim_uid()
        self.tree.mkdir(exist_ok=True)
        self.scratch.mkdir()
        if self.uid is not None:
            for folder, mode in ((self.home, 0o750), (self.scratch, 0o770)):
                os.chown(folder, 0, self.uid)
                folder.chmod(mode)
        self.process: subprocess.Popen[bytes] | None = None
        self.replies: queue.Queue[tuple[dict[str, Any], bytes] | None] = queue.Queue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self.claim is not None:
            self.claim.close()
        clear(self.home)
        self.home.rmdir()

    def start(self) -> None:
        """Start the process and wait until it is ready.

        Raises:
            OSError: it did not get ready.
        """
        # A link on the way to the environment leads nowhere in a view of few folders.
        python = Path(sys.executable).parent.resolve() / Path(sys.executable).name
        command = [str(python), "-I", "-B", "-c", BOOT, str(self.tree)]
        if self.tier == "bubblewrap":
            command = [*self._bubblewrap(), *command]
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 (open as long as the process)
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env=self._environment(),
            cwd=self.home,
            start_new_session=True,
        )
        self.replies = queue.Queue()
        threading.Thread(
            target=self._listen, args=(self.process, self.replies), daemon=True
        ).start()
        try:
            ready = self.replies.get(timeout=START_SECONDS)
        except queue.Empty:
            ready = None
        if ready is None:
            self.errors.seek(0)
            message = self.errors.read().decode(errors="replace").strip().splitlines()
            self.stop()
            raise OSError(f"{self.tier}: no worker: {message[-1] if message else 'no answer'}")

    @staticmethod
    def _listen(process: subprocess.Popen[bytes], replies: queue.Queue[Any]) -> None:
        assert process.stdout is not None
        with contextlib.suppress(ValueError, OSError):
            while line := process.stdout.readline(1 << 16):
                about = json.loads(line)
                length = int(about.get("printed", 0)) + int(about.get("bytes", 0))
                replies.put((about, process.stdout.read(length)))
        replies.put(None)

    def stop(self) -> None:
        """End the process and all that it has started."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout):
                with contextlib.suppress(OSError):
                    if pipe is not None:
                        pipe.close()
            self.errors.close()
            self.process = None
        if self.uid is not None:  # whatever runs as this user, wherever it has gone
            subprocess.run(["/bin/sh", "-c", "kill -9 -1"], user=self.uid, check=False)

    def _environment(self) -> dict[str, str]:
        """All that the worker has of environment variables."""
        environment = {
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "HOME": str(self.scratch),
            "OMP_NUM_THREADS": "1",
            "TMPDIR": str(self.scratch),
        }
        if (root := os.environ.get("SYSTEMROOT")) is not None:  # Windows needs it
            environment["SYSTEMROOT"] = root
        return environment

    def _bubblewrap(self) -> list[str]:
        """The command that a worker is started through."""
        command = ["bwrap", "--die-with-parent", "--new-session", "--clearenv", "--as-pid-1"]
        if self.uid is None:
            command += ["--unshare-all", "--cap-drop", "ALL"]
        else:
            # Root maps no second user into a user namespace: it keeps the three capabilities that
            # it takes to become that user and to end its processes. The child has none.
            command += ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
            command += ["--unshare-cgroup-try", "--cap-drop", "ALL"]
            for capability in ("CAP_SETUID", "CAP_SETGID", "CAP_KILL"):
                command += ["--cap-add", capability]
        for name, value in self._environment().items():
            command += ["--setenv", name, value]
        command += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
        for link in ("/lib", "/lib64", "/bin"):
            if os.path.islink(link):
                command += ["--symlink", os.readlink(link), link]
        places = ["/usr", *readable_places(str(self.tree)), *self.lent]
        above = {str(p) for place in [*places, str(self.scratch)] for p in Path(place).parents}
        for folder in sorted(above):
            if folder not in ("/", "/tmp", "/usr"):  # left to itself, it closes them to others
                command += ["--perms", "0755", "--dir", folder]
        for place in places:
            command += ["--ro-bind-try", place, place]
        return [*command, "--bind", str(self.scratch), str(self.scratch)]

    def run(
        self,
        imports: Sequence[str],
        task: str | None = None,
        runner: str = "",
        cases: Sequence[Mapping[str, Array]] = (),
        limits: Limits = LIMITS,
    ) -> Reply:
        """Import modules in a new child and feed it cases; whatever happens, there is a reply."""
        clear(self.scratch)
        packed = [pack(case) for case in cases]
        job = {
            "imports": list(imports),
            "task": task,
            "runner": runner,
            "uid": self.uid,
            "folder": str(self.scratch),
            "limits": asdict(limits),
            "confine": self.confine,
            "lent": self.lent,
            "cases": [(about, len(data)) for about, data in packed],
        }
        start = time.monotonic()
        try:
            if self.process is None:
                self.start()
            assert self.process is not None
            assert self.process.stdin is not None
            message = json.dumps(job).encode() + b"\n" + b"".join(data for _, data in packed)
            self.process.stdin.write(message)
            self.process.stdin.flush()
            answer = self.replies.get(timeout=limits.seconds + 20)
        except (BrokenPipeError, queue.Empty):
            answer = None
        if answer is None or not hasattr(os, "fork"):
            self.stop()  # lost, or spent; the next job starts another
        if answer is None:
            spent = time.monotonic() - start
            return Reply("crashed", error="the worker was lost while it ran", seconds=spent)
        return read_reply(*answer)


def clear(folder: Path) -> None:
    """Remove what is in a folder, however deep it is nested and whatever rights were taken away."""
    for left in folder.iterdir():
        if left.is_symlink() or not left.is_dir():
            left.unlink()
            continue
        try:
            shutil.rmtree(left)
        except (OSError, RecursionError):
            # Each step is relative to the one above, so that no path is too long; no link is
            # followed. A folder closed to its own owner is opened again.
            subprocess.run(["chmod", "-R", "u+rwX", str(left)], capture_output=True, check=False)
            subprocess.run(["rm", "-rf", str(left)], check=True)


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


def claim_uid() -> tuple[int, socket.socket]:
    """A user that has no name and no process, and what keeps it from other workers till closed.

    That is a socket with an abstract name, which Linux gives to one process at a time and takes
    back when that ends, however it ends.
    """
    running = set()
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            running.add(os.stat(f"/proc/{name}").st_uid)
    taken = running | {entry.pw_uid for entry in pwd.getpwall()}
    for uid in range(FIRST_UID, 2**31):
        if uid not in taken:
            claim = socket.socket(socket.AF_UNIX)
            try:
                claim.bind(f"\0min-llama-{uid}")
            except OSError as error:
                claim.close()
                if error.errno != errno.EADDRINUSE:
                    raise
                continue  # another worker's, here or of another grader
            return uid, claim
    raise OSError("no user is free")


@dataclass(frozen=True)
class Tier:
    """A way to run code, and what the kernel adds to it."""

    name: str
    confined: tuple[str, ...]

    def __str__(self) -> str:
        return ", ".join((self.name, *self.confined))

    @property
    def isolates(self) -> bool:
        """Whether it keeps code that means harm from doing any."""
        return self.name != "plain" or set(self.confined) == {"Landlock", "seccomp"}


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
                reply = worker.run(["tomllib", "colorsys", "config", "base_llama"])
        except OSError as error:
            reasons.append(str(error))
            continue
        if reply.ended == "done":
            return Tier(name, reply.confined)
        hint = f" (can any user read {sys.base_prefix}?)" if name == "separate user" else ""
        reasons.append(f"{name}: {reply.error}{hint}")
    raise ValueError(f"no way to run code that is not trusted: {'; '.join(reasons)}")
