"""Hostile zips, made on the spot: each function takes an honest submission and spoils the archive.

`ARCHIVES` names them, each with a word that the refusal has to contain. Nothing of such an archive
may be written, and no more of it read than a limit allows.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from pathlib import Path

from assignment.specimens.archives.names import BY_NAME
from assignment.specimens.archives.writing import (
    CENTRAL,
    END,
    EVIL,
    LOCAL,
    Files,
    Writer,
    first,
    member,
    patch,
    write,
)

TOO_MUCH = 2**30  # bytes, far above what a submission may hold


# kinds of members


def symbolic_link_to_a_folder(path: Path, files: Files) -> None:
    """Whoever follows the first writes the second outside."""
    link = member("student", stat.S_IFLNK | 0o777)
    write(path, {}, (link, b"/tmp"), (member("student/evil.py"), EVIL))


def symbolic_link_for_a_task(path: Path, files: Files) -> None:
    name = first(files)
    others = {other: data for other, data in files.items() if other != name}
    write(path, others, (member(name, stat.S_IFLNK | 0o777), b"/dev/zero"))


def fifo(path: Path, files: Files) -> None:
    write(path, files, (member("helper.py", stat.S_IFIFO | 0o644), b""))


def block_device(path: Path, files: Files) -> None:
    write(path, files, (member("helper.py", stat.S_IFBLK | 0o666), b""))


def character_device(path: Path, files: Files) -> None:
    write(path, files, (member("helper.py", stat.S_IFCHR | 0o666), b""))


def unix_socket(path: Path, files: Files) -> None:
    write(path, files, (member("helper.py", stat.S_IFSOCK | 0o666), b""))


def file_and_folder(path: Path, files: Files) -> None:
    """One name as a file, and as the folder of another file."""
    write(path, files, (member("helper.py"), b""), (member("helper.py/evil.py"), EVIL))


# sizes


def bomb(path: Path, files: Files) -> None:
    """A gigabyte of zeros in a few megabytes."""
    write(path, files)
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(member("helper.py"), "w", force_zip64=True) as file,
    ):
        for _ in range(TOO_MUCH >> 20):
            file.write(bytes(2**20))


def bomb_of_many_files(path: Path, files: Files) -> None:
    """Each file is small enough, all together are not."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        for number in range(200):
            archive.writestr(f"helper{number}.py", bytes(4_000_000))


def bomb_that_lies(path: Path, files: Files) -> None:
    """The same gigabyte, and both headers say that it is ten bytes long."""
    bomb(path, files)
    ten = struct.pack("<I", 10)
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo("helper.py")
    # Sizes that zip64 holds are marked by all ones here: put plain ones in their place.
    sizes = struct.pack("<I", info.compress_size) + ten
    patch(path, b"helper.py", {18: sizes}, {20: sizes})


def size_too_small(path: Path, files: Files) -> None:
    write(path, files)
    ten = struct.pack("<I", 10)
    patch(path, first(files).encode(), {22: ten}, {24: ten})


def size_too_large(path: Path, files: Files) -> None:
    """A reader that makes room for what is announced makes room for 4 GB."""
    write(path, files)
    much = struct.pack("<I", 0xFFFFFFF0)
    patch(path, first(files).encode(), {22: much}, {24: much})


def overlapping_members(path: Path, files: Files) -> None:
    """Two hundred names for one compressed block: small on the disk, large for every reader.

    Each member begins with an uncompressed block that holds the next one's header, and goes on
    with all that the next one has. (The idea: Fifield 2019, "A better zip bomb".)
    """
    write(path, files)
    data = path.read_bytes()
    start, end = data.index(CENTRAL), data.rindex(END)
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = b"# x\n" * 1_000_000
    body, contents = deflate.compress(block) + deflate.flush(), block
    local, parts, headers = b"", body, []  # from the last member to the first
    for number in reversed(range(200)):
        if local:  # quoted in a block of its own, which is not the last one
            size = len(local)
            parts = struct.pack("<BHH", 0, size, size ^ 0xFFFF) + local + parts
            contents = local + contents
        name = f"helper{number}.py".encode()
        about = (20, 0, 8, 0, 33, zlib.crc32(contents), len(parts), len(contents), len(name), 0)
        local = LOCAL + struct.pack("<HHHHHIIIHH", *about) + name
        headers.append((about, name, len(local) + len(parts)))
    total = len(local) + len(parts)
    central = data[start:end]
    for about, name, from_the_end in headers:
        place = start + total - from_the_end
        central += CENTRAL + struct.pack("<HHHHHHIIIHH", 20, *about)
        central += struct.pack("<HHHII", 0, 0, 0, 0, place) + name
    count = len(files) + len(headers)
    tail = END + struct.pack("<HHHHIIH", 0, 0, count, count, len(central), start + total, 0)
    path.write_bytes(data[:start] + local + parts + central + tail)


def too_many_files(path: Path, files: Files) -> None:
    write(path, files, *((f"data/file{number}.txt", b"") for number in range(20_000)))


def too_many_folders(path: Path, files: Files) -> None:
    write(path, files, *((f"folder{number}/", b"") for number in range(20_000)))


def archive_of_a_hundred_megabytes(path: Path, files: Files) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.writestr("stories42M.pt", bytes(100_000_000))


# contents


def encrypted(path: Path, files: Files) -> None:
    write(path, files)
    flag = struct.pack("<H", 1)
    patch(path, first(files).encode(), {6: flag}, {8: flag})


def archive_in_the_archive(path: Path, files: Files) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("llama.py", EVIL)
    write(path, files, ("submission.zip", inner.getvalue()))


def archive_under_another_name(path: Path, files: Files) -> None:
    """An archive that Python could import from, as a helper."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("__main__.py", EVIL)
    write(path, files, ("helper.py", inner.getvalue()))


def tar_in_the_archive(path: Path, files: Files) -> None:
    write(path, files, ("submission.tar.gz", b"\x1f\x8b\x08" + bytes(100)))


def unknown_compression(path: Path, files: Files) -> None:
    write(path, files)
    method = struct.pack("<H", 97)
    patch(path, first(files).encode(), {8: method}, {10: method})


def wrong_checksum(path: Path, files: Files) -> None:
    write(path, files)
    checksum = b"\xde\xad\xbe\xef"
    patch(path, first(files).encode(), {14: checksum}, {16: checksum})


def damaged_contents(path: Path, files: Files) -> None:
    """The compressed bytes of a task are no longer any."""
    write(path, files)
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(first(files))
    data = bytearray(path.read_bytes())
    start = info.header_offset + 30 + len(info.filename)
    data[start : start + info.compress_size] = b"\xff" * info.compress_size
    path.write_bytes(data)


def cut_short(path: Path, files: Files) -> None:
    write(path, files)
    path.write_bytes(path.read_bytes()[:-200])


def directory_elsewhere(path: Path, files: Files) -> None:
    """The end record leads far outside the file."""
    write(path, files)
    data = bytearray(path.read_bytes())
    end = data.rindex(END)
    data[end + 16 : end + 20] = struct.pack("<I", 0x7FFFFFFF)
    path.write_bytes(data)


def directory_of_many(path: Path, files: Files) -> None:
    """The end record announces 65,534 members in a directory of 4 GB."""
    write(path, files)
    data = bytearray(path.read_bytes())
    end = data.rindex(END)
    data[end + 8 : end + 16] = struct.pack("<HHI", 65534, 65534, 0xFFFFFFF0)
    path.write_bytes(data)


def extra_fields_that_lie(path: Path, files: Files) -> None:
    """An extra field that says it is longer than the room it has."""
    info = zipfile.ZipInfo("helper.py")
    info.extra = struct.pack("<HH", 0x7075, 4) + b"abcd"
    write(path, files, (info, b""))
    lie = struct.pack("<HH", 1, 0xFFF0)
    patch(path, b"helper.py", {39: lie}, {55: lie})


def not_a_zip(path: Path, files: Files) -> None:
    path.write_bytes(b"\x7fELF" + b"".join(files.values()))


def empty_file(path: Path, files: Files) -> None:
    path.write_bytes(b"")


def empty_zip(path: Path, files: Files) -> None:
    write(path, {})


# What is hostile -> who makes it, and a word of the refusal, in small letters.
ARCHIVES: dict[str, tuple[Writer, str]] = {
    **BY_NAME,
    "symbolic link to a folder": (symbolic_link_to_a_folder, "link"),
    "symbolic link for a task": (symbolic_link_for_a_task, "link"),
    "fifo": (fifo, "pipe"),
    "block device": (block_device, "device"),
    "character device": (character_device, "device"),
    "Unix socket": (unix_socket, "socket"),
    "file and folder": (file_and_folder, "folder"),
    "bomb": (bomb, "bomb"),
    "bomb of many files": (bomb_of_many_files, "large"),
    "bomb that lies": (bomb_that_lies, "damaged"),
    "size too small": (size_too_small, "damaged"),
    "size too large": (size_too_large, "bomb"),
    "overlapping members": (overlapping_members, "large"),
    "too many files": (too_many_files, "many"),
    "too many folders": (too_many_folders, "many"),
    "archive of a hundred megabytes": (archive_of_a_hundred_megabytes, "large"),
    "encrypted": (encrypted, "encrypted"),
    "archive in the archive": (archive_in_the_archive, "archive"),
    "archive under another name": (archive_under_another_name, "archive"),
    "tar in the archive": (tar_in_the_archive, "archive"),
    "unknown compression": (unknown_compression, "compress"),
    "wrong checksum": (wrong_checksum, "damaged"),
    "damaged contents": (damaged_contents, "damaged"),
    "cut short": (cut_short, "damaged"),
    "directory elsewhere": (directory_elsewhere, "damaged"),
    "directory of many": (directory_of_many, "damaged"),
    "extra fields that lie": (extra_fields_that_lie, "damaged"),
    "not a zip": (not_a_zip, "zip"),
    "empty file": (empty_file, "zip"),
    "empty zip": (empty_zip, "empty"),
}
