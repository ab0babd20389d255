"""Files that are either whole or not there (write beside, then rename), and files as they come."""

from __future__ import annotations

import errno
import glob
import hashlib
import json
import os
import re
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from support.words import size_in_words

MAX_JSON = 64_000_000  # bytes of a configuration or an index
FORGOTTEN = 3600.0  # seconds without a write, after which a half-written file is a killed run's
STANDARD = "-"  # as a file: standard input or output
STREAMS = {STANDARD: 1, "/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
DESCRIPTOR = re.compile(r"/(?:dev|proc/(?:self|\d+))/fd/(\d+)")


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path; what is written there takes the name `path` on success, else goes.

    Folders on the way are made. A link stays one, and what it points to is replaced; a file keeps
    its mode, and its owner where the system allows it. What is no regular file (`is_sink`) has no
    old content to keep, and the new one is poured into it.

    Raises:
        ValueError: a folder stands where the file should go, or its own folder is not writable.
        OSError: the file system refused; it carries the name `path`.
    """
    require_writable(path)
    sink = is_sink(path)
    final = Path(os.path.realpath(path))
    if sink:
        temporary = Path(tempfile.gettempdir()) / f"{secrets.token_hex(8)}.part"
    else:
        # A name of its own: two runs may write the same file at once, and the later one stays.
        temporary = final.with_name(f".{final.name}.{secrets.token_hex(4)}.part")
    try:
        if not sink:
            final.parent.mkdir(parents=True, exist_ok=True)
            sweep(final.parent, f".{glob.escape(final.name)}.*.part", FORGOTTEN)
        temporary.touch()
        yield temporary
        if sink:
            _pour(temporary, path)
        else:
            _replace(final, temporary)
    except OSError as error:
        if error.filename not in (None, str(temporary)):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error  # a full disk has no name
    finally:
        temporary.unlink(missing_ok=True)


def _replace(final: Path, temporary: Path) -> None:
    """Let the new content take the name of the old one."""
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())  # on the disk before the name points to it
    if final.exists():
        before, now = final.stat(), temporary.stat()
        with suppress(OSError, AttributeError):  # not root, or a system without owners
            if (before.st_uid, before.st_gid) != (now.st_uid, now.st_gid):
                os.chown(temporary, before.st_uid, before.st_gid)
        if before.st_mode != now.st_mode:
            temporary.chmod(before.st_mode & 0o7777)  # after the owner, whose change takes bits
    temporary.replace(final)


def _pour(temporary: Path, path: str | os.PathLike[str]) -> None:
    """Write what a temporary file holds to a pipe, a device or an open descriptor."""
    number = descriptor(path)
    if sys.stdout is not None:
        sys.stdout.flush()  # what was printed before comes before
    # A descriptor is used as it is: opened by its name, a file behind it would be cut to nothing.
    sink = _open_sink(path) if number is None else os.dup(number)
    with temporary.open("rb") as content, open(sink, "wb") as target:
        shutil.copyfileobj(content, target)


def _open_sink(path: str | os.PathLike[str]) -> int:
    """Open a pipe or a device for writing; says so where a pipe has no reader, and waits."""
    flags = os.O_WRONLY | os.O_TRUNC
    if not hasattr(os, "O_NONBLOCK"):  # Windows, whose devices need none
        return os.open(path, flags | getattr(os, "O_BINARY", 0))
    try:
        number = os.open(path, flags | os.O_NONBLOCK)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        print(f"waiting for a reader of {path}", file=sys.stderr)
        return os.open(path, flags)
    os.set_blocking(number, True)
    return number


def descriptor(path: str | os.PathLike[str]) -> int | None:
    """The open descriptor that a name stands for: `-`, /dev/stdout, /dev/fd/63 of `>(...)`."""
    name = os.fspath(path)
    for _ in range(40):  # as many links as a system follows
        if name in STREAMS:
            return STREAMS[name]
        if found := DESCRIPTOR.fullmatch(name):
            return int(found[1])
        if not os.path.islink(name):
            return None
        name = os.path.join(os.path.dirname(name), os.readlink(name))
    return None


def is_sink(path: str | os.PathLike[str]) -> bool:
    """Whether writing to a name fills what stands there, rather than replacing a file.

    So it is with descriptors, pipes and devices, and with a file whose folder takes no new one.
    """
    final = Path(path)
    if descriptor(path) is not None or (final.exists() and not final.is_file()):
        return not final.is_dir()
    folder = Path(os.path.realpath(path)).parent
    return final.is_file() and os.access(final, os.W_OK) and not os.access(folder, os.W_OK)


def read_bytes(path: str | os.PathLike[str], remedy: str) -> bytes:
    """All of a file, a pipe such as `<(...)`, or, for `-`, standard input.

    Raises:
        ValueError: it is missing, or a folder; `remedy` says what to do.
    """
    if os.fspath(path) == STANDARD:
        if sys.stdin is None:
            raise ValueError(f"standard input is closed; {remedy}")
        return sys.stdin.buffer.read()
    if Path(path).is_dir():
        raise ValueError(f"{path}: is a folder; {remedy}")
    try:
        return Path(path).read_bytes()
    except FileNotFoundError as error:
        raise ValueError(f"{path}: no such file; {remedy}") from error


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
    final = Path(os.path.realpath(path))
    if final.is_dir():
        raise ValueError(f"{path}: is a folder; give the name of a file")
    if is_sink(path):
        if descriptor(path) is None and not os.access(path, os.W_OK):
            raise ValueError(f"{path}: cannot be written to; choose another")
        return
    require_folder(final.parent, str(path))


def require_folder(
    folder: str | os.PathLike[str], purpose: str, remedy: str = "choose another"
) -> None:
    """Raise a ValueError when no file can be made in a folder, or it not be made; makes nothing."""
    place = existing(folder)
    if not place.is_dir() or not os.access(place, os.W_OK):
        raise ValueError(f"{purpose}: {place} is no folder that can be written to; {remedy}")


def require_outputs(
    outfiles: Iterable[str | os.PathLike[str]], reads: Iterable[str | os.PathLike[str] | None]
) -> None:
    """Raise a ValueError when a file cannot be written, or is one that a run reads or writes."""
    taken = {Path(source).resolve(): "is read by this run" for source in reads if source}
    for outfile in outfiles:
        require_writable(outfile)
        place = Path(outfile).resolve()
        if is_sink(outfile):  # takes whatever comes, and from several
            continue
        if place in taken:
            raise ValueError(f"{outfile}: {taken[place]}; give another name")
        taken[place] = "two outputs cannot go into one file"


def existing(path: str | os.PathLike[str]) -> Path:
    """The path, or the first of the folders above it that exists."""
    place = Path(path).absolute()
    while not place.exists():
        place = place.parent
    return place


def require_space(
    folder: str | os.PathLike[str],
    needed: int,
    purpose: str,
    remedy: str = "make room and run this again",
) -> None:
    """Raise a ValueError when fewer than `needed` bytes are free where `folder` is (to be)."""
    place = existing(folder)
    free = shutil.disk_usage(place).free
    if free < needed:
        raise ValueError(
            f"{purpose} takes {size_in_words(needed)} and {place} has {size_in_words(free)} free: "
            f"{remedy}"
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


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder, which takes the name `path` on success, else goes.

    Raises:
        ValueError: there is something of that name, or no folder can be made there.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ValueError(f"{path}: is there already; give the name of a new folder")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.parent / f".{path.name}.{secrets.token_hex(4)}.part"
        temporary.mkdir()
    except OSError as error:
        raise ValueError(f"{path}: cannot be made: {error.strerror}") from error
    try:
        yield temporary
        os.replace(temporary, path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def read_json(path: Path) -> dict[str, Any]:
    """An object in a JSON file; raises a ValueError where that is missing or something else."""
    try:
        if path.stat().st_size > MAX_JSON:
            raise ValueError(f"{path}: of more than {MAX_JSON:,} bytes")
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: no JSON ({error})") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path}: must hold an object of fields")
    return values
