"""Files that are either whole or not there: write beside, then rename."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FORGOTTEN = 3600.0  # seconds without a write, after which a half-written file is a killed run's


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it takes that name, else it is removed.

    Folders on the way are made.

    Raises:
        ValueError: a folder stands where the file should go, or its own folder is not writable.
        OSError: the file system refused.
    """
    require_writable(path)
    final = Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    sweep(final.parent, f".{final.name}.*.part", FORGOTTEN)
    # A name of its own: two runs may write the same file at once, and the later one stays.
    temporary = final.with_name(f".{final.name}.{secrets.token_hex(4)}.part")
    try:
        temporary.touch()
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())  # on the disk before the name points to it
        temporary.replace(final)
    finally:
        temporary.unlink(missing_ok=True)


def sweep(folder: Path, pattern: str = ".*.part", age: float = 0.0) -> None:
    """Remove what killed runs have left half-written, unless it was written to just now.

    Args:
        age: seconds since the last write.
    """
    for path in folder.glob(pattern):
        with suppress(FileNotFoundError):  # its own run was faster
            if time.time() - path.stat().st_mtime >= age:
                path.unlink()


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a UTF-8 text file atomically, line ends as they are."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def require_writable(path: str | os.PathLike[str]) -> None:
    """Raise a ValueError when a file cannot be written under this name; makes nothing.

    For the start of long work, which should not end in an error at its last step.
    """
    final = Path(path)
    if final.is_dir():
        raise ValueError(f"{final}: is a folder; give the name of a file")
    place = existing(final.parent)
    if not place.is_dir() or not os.access(place, os.W_OK):
        raise ValueError(f"{final}: {place} is no folder that can be written to; choose another")


def require_outputs(
    outfiles: Iterable[str | os.PathLike[str]], reads: Iterable[str | os.PathLike[str] | None]
) -> None:
    """Raise a ValueError when a file cannot be written, or is one that a run reads or writes."""
    taken = {Path(source).resolve(): "is read by this run" for source in reads if source}
    for outfile in outfiles:
        require_writable(outfile)
        place = Path(outfile).resolve()
        if place in taken:
            raise ValueError(f"{outfile}: {taken[place]}; give another name")
        taken[place] = "two outputs cannot go into one file"


def existing(path: str | os.PathLike[str]) -> Path:
    """The path, or the first of the folders above it that exists."""
    place = Path(path).absolute()
    while not place.exists():
        place = place.parent
    return place


def require_space(folder: str | os.PathLike[str], needed: int, purpose: str) -> None:
    """Raise a ValueError when fewer than `needed` bytes are free where `folder` is (to be)."""
    place = existing(folder)
    free = shutil.disk_usage(place).free
    if free < needed:
        raise ValueError(
            f"{purpose} takes {needed / 1e6:,.0f} MB and {place} has {free / 1e6:,.0f} MB free: "
            "make room and run this again"
        )


def sample_digest(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a large file's size and of blocks all over it, in milliseconds."""
    size = Path(path).stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with open(path, "rb") as file:
        for i in range(256):
            file.seek(size * i // 256)
            digest.update(file.read(4096))
    return digest.hexdigest()


def sha256(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
