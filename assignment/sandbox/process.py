"""A worker process and the jobs that it is given: only inputs go in, only raw arrays come out."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from assignment.arrays import Array
from assignment.sandbox import bubblewrap
from assignment.sandbox.confine import LIMITS, Limits
from assignment.sandbox.folders import clear, written
from assignment.sandbox.replies import Reply, read_reply
from assignment.sandbox.users import claim_uid
from assignment.sandbox.wire import pack

START_SECONDS = 120  # importing torch from a cold disk
BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]);from assignment.sandbox.worker import main; main()"
)


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
        self.files: Sequence[str] = ()  # a learner's: errors are told by their lines
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
            command = [
                *bubblewrap.command(
                    str(self.tree), str(self.scratch), self.lent, self._environment(), self.uid
                ),
                *command,
            ]
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
            "files": list(self.files),
            "cases": [(about, len(data)) for about, data in packed],
        }
        start, answer, error = time.monotonic(), None, "the worker was lost while it ran"
        try:
            if self.process is None:
                self.start()
            assert self.process is not None
            assert self.process.stdin is not None
            message = json.dumps(job).encode() + b"\n" + b"".join(data for _, data in packed)
            self.process.stdin.write(message)
            self.process.stdin.flush()
            answer = self._wait(start + limits.seconds + 20, limits.file_bytes)
        except (BrokenPipeError, TimeoutError):
            pass
        except OverflowError as found:
            error = str(found)
        if answer is None or not hasattr(os, "fork"):
            self.stop()  # lost, or spent; the next job starts another
        if answer is None:
            return Reply("crashed", error=error, seconds=time.monotonic() - start)
        return read_reply(*answer)

    def _wait(self, deadline: float, most: int) -> tuple[dict[str, Any], bytes] | None:
        """What the worker answers; None where it is gone.

        Raises:
            TimeoutError: it does not answer.
            OverflowError: its folder holds more than `most` bytes.
        """
        while time.monotonic() < deadline:
            with contextlib.suppress(queue.Empty):
                return self.replies.get(timeout=0.25)
            if written(self.scratch, most) > most:  # the system limits each file, not their sum
                raise OverflowError(f"wrote more than {most >> 20} MB")
        raise TimeoutError
