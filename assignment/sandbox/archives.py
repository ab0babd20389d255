"""The members of a zip or a tar, which is read where it lies and never unpacked."""

from __future__ import annotations

import functools
import gzip
import io
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from assignment.sandbox.members import (
    MAX_FILE,
    MAX_FILES,
    UNFIT,
    Kind,
    Member,
    RefusedError,
    archived,
    shown,
    tidy,
)

MAX_ARCHIVE = 100_000_000  # bytes of a submission's archive
# Bytes of a zip's list of members, which is read at once. An environment with torch in it has
# 25,000 files, each with some 150 bytes here.
MAX_DIRECTORY = 8_000_000
MAX_UNPACKED = 500_000_000  # bytes of a tar.gz once unpacked: all of it has to be gone through
MAX_TAR_MEMBERS = 50_000
READABLE = (".zip", ".tar", ".tar.gz", ".tgz")
ARCHIVES = (*READABLE, ".gz", ".bz2", ".xz", ".7z", ".rar", ".whl", ".zst")
DEVICE = "is a device, a pipe or a socket"


def archive_members(file: BinaryIO) -> list[Member]:
    """The members of an archive, to be read while the file is open; its bytes say of which kind.

    Raises:
        RefusedError: it is none, or damaged, or has more in it than can be gone through.
    """
    start = file.read(512)
    file.seek(0)
    if start.startswith(b"\x1f\x8b"):
        with damage("a damaged tar.gz"):
            return tar_members(unzipped(file))
    if start[257:262] == b"ustar":
        with damage("a damaged tar"):
            return tar_members(file)
    what = "a damaged zip" if start.startswith(b"PK") else "not a zip"
    with damage(what):
        require_small_directory(file)
        archive = zipfile.ZipFile(file)
        return tidy(from_zip(archive, info) for info in archive.infolist())


@contextmanager
def damage(what: str) -> Iterator[None]:
    """Give what the readers of archives raise on damaged ones the name of a refusal."""
    try:
        yield
    except RefusedError:
        raise
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, ValueError,
            NotImplementedError, RuntimeError, OverflowError) as error:  # fmt: skip
        raise RefusedError(f"{what}: {shown(str(error))}") from error


def require_small_directory(file: BinaryIO) -> None:
    """Raise a RefusedError where the zip's end announces a list of members that fills the memory.

    A 64-bit end, which could say anything, is one that only far larger archives need.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 66_000))
    tail = file.read()
    end = tail.rfind(b"PK\5\6")
    if end >= 0 and int.from_bytes(tail[end + 12 : end + 16], "little") > MAX_DIRECTORY:
        raise RefusedError(f"too many files, or a damaged zip: at most {MAX_FILES} files")
    if b"PK\6\7" in tail[max(0, end - 20) : max(0, end)]:
        raise RefusedError("a zip of the kind for more than 4 GB or 65,535 files")
    file.seek(0)


def from_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    def read(limit: int) -> bytes:
        with damage("a damaged zip"), archive.open(info) as file:
            return file.read(limit)  # what it really holds, whatever the header says

    mode = stat.S_IFMT(info.external_attr >> 16)
    # The name that Python shows ends at a NUL.
    raw = info.orig_filename if UNFIT.search(info.orig_filename) else info.filename
    kind: Kind = "folder" if raw.endswith(("/", "\\")) or mode == stat.S_IFDIR else "file"
    fault = ""
    if mode == stat.S_IFLNK:
        kind = "link"
    elif mode not in (0, stat.S_IFREG, stat.S_IFDIR):
        fault = DEVICE
    elif info.flag_bits & 1:
        fault = "is encrypted"
    elif info.file_size > 50 * MAX_FILE and info.file_size > 100 * max(info.compress_size, 1):
        fault = f"is a bomb: {info.file_size:,} bytes once unpacked"
    return archived(raw, kind, read, fault)


def unzipped(file: BinaryIO) -> BinaryIO:
    """What a gzip file holds, once it is known how much that is and that its checksum is right.

    Raises:
        RefusedError: it is a bomb.
    """
    inner = gzip.GzipFile(fileobj=file, mode="rb")
    if inner.seek(MAX_UNPACKED + 1) > MAX_UNPACKED:  # nothing is kept of what is passed
        raise RefusedError(f"a bomb: more than {MAX_UNPACKED:,} bytes once unpacked")
    inner.seek(0)
    return inner  # type: ignore[return-value]


class Headers(io.RawIOBase):
    """A tar's bytes for its reader, which takes as much at once as a header tells it to."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self.file = file
        self.allowance = 0  # bytes until the next member

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= self.allowance:
            raise RefusedError("a damaged tar: a header that fills the memory")
        self.allowance -= size
        return self.file.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()


def tar_members(file: BinaryIO) -> list[Member]:
    """The members of a tar whose bytes are given unpacked.

    The standard library's reader ends at a damaged header as at the end, which is looked at here.
    """
    headers = Headers(file)
    headers.allowance = MAX_FILE
    archive = tarfile.TarFile(fileobj=headers)
    members: list[Member] = []
    while (info := archive.next()) is not None:
        if len(members) == MAX_TAR_MEMBERS:
            raise RefusedError(f"too many files: at most {MAX_FILES}")
        members.append(from_tar(file, info))
        archive.members = []  # type: ignore[attr-defined]  # it would keep all that headers hold
        headers.allowance = MAX_FILE
    file.seek(archive.offset)
    if file.read(tarfile.BLOCKSIZE).strip(b"\0"):
        raise RefusedError("a damaged tar: no header where one should be")
    return tidy(members)


def from_tar(file: BinaryIO, info: tarfile.TarInfo) -> Member:
    kind: Kind = "folder" if info.isdir() else "link" if info.issym() or info.islnk() else "file"
    fault = ""
    if info.issparse():
        fault = "is a sparse file, which says it holds more than is there"
    elif kind == "file" and not info.isreg():
        fault = DEVICE
    read = functools.partial(read_from_tar, file, info.offset_data, info.size)
    return archived(info.name, kind, read, fault)


def read_from_tar(file: BinaryIO, start: int, size: int, limit: int) -> bytes:
    with damage("a damaged tar"):
        file.seek(start)
        data = file.read(min(size, limit))
    if len(data) < min(size, limit):
        raise RefusedError("a damaged tar: it ends within a file")
    return data
