"""Users that own nothing: as root, a worker's children run as one of them."""

from __future__ import annotations

import contextlib
import errno
import os
import socket

try:
    import pwd
except ImportError:  # Windows has no such users
    pwd = None  # type: ignore[assignment]

FIRST_UID = 64_100


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
