"""How bwrap(1) starts a worker: in namespaces of its own, with a view of few folders."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from assignment.sandbox.confine import readable_places


def command(
    tree: str,
    scratch: str,
    lent: Sequence[str],
    environment: Mapping[str, str],
    uid: int | None,
) -> list[str]:
    """What stands before the worker's own command.

    Args:
        tree: what it may read, beside Python and the system's libraries.
        scratch: the folder that it may write in.
        lent: further files that it may read.
        environment: all that it has of environment variables.
        uid: the user that its children become; None: they stay this one.
    """
    start = ["bwrap", "--die-with-parent", "--new-session", "--clearenv", "--as-pid-1"]
    if uid is None:
        start += ["--unshare-all", "--cap-drop", "ALL"]
    else:
        # Root maps no second user into a user namespace: it keeps the three capabilities that
        # it takes to become that user and to end its processes. The child has none.
        start += ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
        start += ["--unshare-cgroup-try", "--cap-drop", "ALL"]
        for capability in ("CAP_SETUID", "CAP_SETGID", "CAP_KILL"):
            start += ["--cap-add", capability]
    for name, value in environment.items():
        start += ["--setenv", name, value]
    start += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    for link in ("/lib", "/lib64", "/bin"):
        if os.path.islink(link):
            start += ["--symlink", os.readlink(link), link]
    places = ["/usr", *readable_places(tree), *lent]
    above = {str(p) for place in [*places, scratch] for p in Path(place).parents}
    for folder in sorted(above):
        if folder not in ("/", "/tmp", "/usr"):  # left to itself, it closes them to others
            start += ["--perms", "0755", "--dir", folder]
    for place in places:
        start += ["--ro-bind-try", place, place]
    return [*start, "--bind", scratch, scratch]
