"""How the archives of this room are written: honest files, and what the zipfile module can add.

What the zip format can say and that module does not write is patched into the bytes afterwards.
"""

from __future__ import annotations

import stat
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

Files = Mapping[str, bytes]  # name in the archive -> contents
Writer = Callable[[Path, Files], None]

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
EVIL = b"import os\nos._exit(3)\n"


def write(path: Path, files: Files, *more: tuple[str | zipfile.ZipInfo, bytes]) -> None:
    """An ordinary archive of the honest files, and further members as they are given."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of duplicate names, which are meant
        for name, data in files.items():
            archive.writestr(name, data)
        for info, data in more:
            archive.writestr(info, data)


def member(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    """A member whose name is taken as it is and whose mode is that of a Unix file."""
    info = zipfile.ZipInfo("placeholder")
    info.filename = name
    info.create_system = 3  # Unix, which gives the mode its meaning
    info.external_attr = mode << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def patch(
    path: Path, name: bytes, local: Mapping[int, bytes], central: Mapping[int, bytes]
) -> None:
    """Overwrite bytes of a member's two headers, at offsets from the start of each."""
    data = bytearray(path.read_bytes())
    for signature, name_at, changes in ((LOCAL, 30, local), (CENTRAL, 46, central)):
        start = -1
        while True:
            start = data.find(signature, start + 1)
            if start < 0:
                raise ValueError(f"{path} has no member {name!r}")
            if data[start + name_at : start + name_at + len(name)] == name:
                break
        for offset, value in changes.items():
            data[start + offset : start + offset + len(value)] = value
    path.write_bytes(data)


def first(files: Files) -> str:
    return next(iter(files))
