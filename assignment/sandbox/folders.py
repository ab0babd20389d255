"""Folders that untrusted code has been in: emptied whatever it left, and filled."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path


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


def written(folder: Path, enough: int) -> int:
    """Bytes below a folder, names included; counting ends soon after there are more than enough."""
    total, folders = 0, [os.fspath(folder)]
    while folders and total <= enough:
        with contextlib.suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    total += 4096 + entry.stat(follow_symlinks=False).st_size
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                if total > enough:
                    break
    return total


def fill(tree: Path, files: Mapping[str, bytes]) -> None:
    """Replace what is in a tree."""
    clear(tree)
    for name, data in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
