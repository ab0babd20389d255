"""Hostile zips, made on the spot: each function takes an honest submission and spoils the archive.

`ARCHIVES` names them, each with a word that the refusal has to contain. Nothing of such an archive
may be written, and no more of it read than a limit allows. `ODD_BUT_HONEST` names archives that
look strange and are graded like any other. What the zip format can say and the
zipfile module does not write is patched into the bytes afterwards.
"""

from __future__ import annotations

import io
import stat
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

Files = Mapping[str, bytes]  # name in the archive -> contents
Writer = Callable[[Path, Files], None]

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
EVIL = b"import os\nos._exit(3)\n"
TOO_MUCH = 2**30  # bytes, far above what a submission may hold


def _write(path: Path, files: Files, *more: tuple[str | zipfile.ZipInfo, bytes]) -> None:
    """An ordinary archive of the honest files, and further members as they are given."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of duplicate names, which are meant
        for name, data in files.items():
            archive.writestr(name, data)
        for member, data in more:
            archive.writestr(member, data)


def _member(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    """A member whose name is taken as it is and whose mode is that of a Unix file."""
    info = zipfile.ZipInfo("placeholder")
    info.filename = name
    info.create_system = 3  # Unix, which gives the mode its meaning
    info.external_attr = mode << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def _patch(
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


def _first(files: Files) -> str:
    return next(iter(files))


# names


def parent_folder(path: Path, files: Files) -> None:
    _write(path, files, (_member("../evil.py"), EVIL))


def parent_folder_in_the_middle(path: Path, files: Files) -> None:
    _write(path, files, (_member("student/a/../../../evil.py"), EVIL))


def parent_folder_by_backslashes(path: Path, files: Files) -> None:
    _write(path, files, (_member("..\\evil.py"), EVIL))


def parent_folder_alone(path: Path, files: Files) -> None:
    _write(path, files, (_member(".."), EVIL))


def absolute_path(path: Path, files: Files) -> None:
    _write(path, files, (_member("/evil.py"), EVIL))


def absolute_path_by_two_slashes(path: Path, files: Files) -> None:
    _write(path, files, (_member("//host/share/evil.py"), EVIL))


def backslashes(path: Path, files: Files) -> None:
    _write(path, files, (_member("student\\llama.py"), EVIL))


def drive_letter(path: Path, files: Files) -> None:
    _write(path, files, (_member("C:/evil.py"), EVIL))


def drive_letter_without_a_slash(path: Path, files: Files) -> None:
    _write(path, files, (_member("C:evil.py"), EVIL))


def stream_of_a_file(path: Path, files: Files) -> None:
    """NTFS would write this into a hidden stream of llama.py."""
    _write(path, files, (_member("llama.py:evil"), EVIL))


def nul_in_a_name(path: Path, files: Files) -> None:
    """Readers that stop at the NUL see another name than those that do not."""
    _write(path, files, ("evil.py#.txt", EVIL))
    _patch(path, b"evil.py#.txt", {30: b"evil.py\0.txt"}, {46: b"evil.py\0.txt"})


def control_characters_in_a_name(path: Path, files: Files) -> None:
    _write(path, files, (_member("\x1b[2J\r\n\x07evil.py"), EVIL))


def markup_in_a_name(path: Path, files: Files) -> None:
    """No crime by itself, but reports repeat it; the `..` makes sure that they have to."""
    _write(path, files, (_member("../<script>alert(1)</script>.py"), EVIL))


def right_to_left_name(path: Path, files: Files) -> None:
    """Shown as evilyp.llama.py or the like."""
    _write(path, files, (_member("llama\u202eyp.live"), EVIL))


def huge_name(path: Path, files: Files) -> None:
    _write(path, files, (_member("a" * 60_000 + ".py"), EVIL))


def thousand_folders_deep(path: Path, files: Files) -> None:
    _write(path, files, (_member("a/" * 1_000 + "evil.py"), EVIL))


def empty_name(path: Path, files: Files) -> None:
    """The name's only byte is declared to be the extra field."""
    _write(path, files, ("x", EVIL))
    nameless = struct.pack("<HH", 0, 1)
    _patch(path, b"x", {26: nameless}, {28: nameless})


# kinds of members


def symbolic_link(path: Path, files: Files) -> None:
    _write(path, files, (_member("helper.py", stat.S_IFLNK | 0o777), b"/etc/passwd"))


def symbolic_link_to_a_folder(path: Path, files: Files) -> None:
    """Whoever follows the first writes the second outside."""
    link = _member("student", stat.S_IFLNK | 0o777)
    _write(path, {}, (link, b"/tmp"), (_member("student/evil.py"), EVIL))


def symbolic_link_for_a_task(path: Path, files: Files) -> None:
    name = _first(files)
    others = {other: data for other, data in files.items() if other != name}
    _write(path, others, (_member(name, stat.S_IFLNK | 0o777), b"/dev/zero"))


def fifo(path: Path, files: Files) -> None:
    _write(path, files, (_member("helper.py", stat.S_IFIFO | 0o644), b""))


def block_device(path: Path, files: Files) -> None:
    _write(path, files, (_member("helper.py", stat.S_IFBLK | 0o666), b""))


def character_device(path: Path, files: Files) -> None:
    _write(path, files, (_member("helper.py", stat.S_IFCHR | 0o666), b""))


def unix_socket(path: Path, files: Files) -> None:
    _write(path, files, (_member("helper.py", stat.S_IFSOCK | 0o666), b""))


def file_and_folder(path: Path, files: Files) -> None:
    """One name as a file, and as the folder of another file."""
    _write(path, files, (_member("helper.py"), b""), (_member("helper.py/evil.py"), EVIL))


# sizes


def bomb(path: Path, files: Files) -> None:
    """A gigabyte of zeros in a megabyte."""
    _write(path, files)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        with archive.open(_member("helper.py"), "w", force_zip64=True) as file:
            for _ in range(TOO_MUCH >> 20):
                file.write(bytes(2**20))


def bomb_of_many_files(path: Path, files: Files) -> None:
    """Each file is small enough, all together are not."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
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
    _patch(path, b"helper.py", {18: sizes}, {20: sizes})


def size_too_small(path: Path, files: Files) -> None:
    _write(path, files)
    ten = struct.pack("<I", 10)
    _patch(path, _first(files).encode(), {22: ten}, {24: ten})


def size_too_large(path: Path, files: Files) -> None:
    """A reader that makes room for what is announced makes room for 4 GB."""
    _write(path, files)
    much = struct.pack("<I", 0xFFFFFFF0)
    _patch(path, _first(files).encode(), {22: much}, {24: much})


def overlapping_members(path: Path, files: Files) -> None:
    """Two hundred names for one compressed block: small on the disk, large for every reader.

    Each member begins with an uncompressed block that holds the next one's header, and goes on
    with all that the next one has. (The idea: Fifield 2019, "A better zip bomb".)
    """
    _write(path, files)
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
    _write(path, files, *((f"data/file{number}.txt", b"") for number in range(20_000)))


def too_many_folders(path: Path, files: Files) -> None:
    _write(path, files, *((f"folder{number}/", b"") for number in range(20_000)))


def archive_of_a_hundred_megabytes(path: Path, files: Files) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.writestr("stories42M.pt", bytes(100_000_000))


# two things under one name


def duplicate(path: Path, files: Files) -> None:
    _write(path, files, (_first(files), EVIL))


def duplicate_by_a_dot(path: Path, files: Files) -> None:
    _write(path, files, (_member("./" + _first(files)), EVIL))


def duplicate_by_slashes(path: Path, files: Files) -> None:
    folder, name = "student/", "helper.py"
    _write(path, files, (folder + name, b""), (_member(folder + "/" + name), EVIL))


def case_clash(path: Path, files: Files) -> None:
    _write(path, files, (_first(files).upper(), EVIL))


def accent_clash(path: Path, files: Files) -> None:
    """One letter, and a letter with an accent: the same name on some file systems."""
    _write(path, files, ("h\u00e9lper.py", b""), ("he\u0301lper.py", EVIL))


def two_names_for_one_member(path: Path, files: Files) -> None:
    """The directory says helper.py, the member's own header says another name."""
    _write(path, files, ("helper.py", EVIL))
    _patch(path, b"helper.py", {30: b"hidden.py"}, {})


def two_directories(path: Path, files: Files) -> None:
    """Two archives in one file: readers from the front and from the back see different files."""
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        for name in files:
            archive.writestr(name, EVIL)
    _write(path, files)
    path.write_bytes(other.getvalue() + path.read_bytes())


# contents


def encrypted(path: Path, files: Files) -> None:
    _write(path, files)
    flag = struct.pack("<H", 1)
    _patch(path, _first(files).encode(), {6: flag}, {8: flag})


def archive_in_the_archive(path: Path, files: Files) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("llama.py", EVIL)
    _write(path, files, ("submission.zip", inner.getvalue()))


def archive_under_another_name(path: Path, files: Files) -> None:
    """An archive that Python could import from, as a helper."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("__main__.py", EVIL)
    _write(path, files, ("helper.py", inner.getvalue()))


def tar_in_the_archive(path: Path, files: Files) -> None:
    _write(path, files, ("submission.tar.gz", b"\x1f\x8b\x08" + bytes(100)))


def unknown_compression(path: Path, files: Files) -> None:
    _write(path, files)
    method = struct.pack("<H", 97)
    _patch(path, _first(files).encode(), {8: method}, {10: method})


def wrong_checksum(path: Path, files: Files) -> None:
    _write(path, files)
    checksum = b"\xde\xad\xbe\xef"
    _patch(path, _first(files).encode(), {14: checksum}, {16: checksum})


def damaged_contents(path: Path, files: Files) -> None:
    """The compressed bytes of a task are no longer any."""
    _write(path, files)
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(_first(files))
    data = bytearray(path.read_bytes())
    start = info.header_offset + 30 + len(info.filename)
    data[start : start + info.compress_size] = b"\xff" * info.compress_size
    path.write_bytes(data)


def cut_short(path: Path, files: Files) -> None:
    _write(path, files)
    path.write_bytes(path.read_bytes()[:-200])


def directory_elsewhere(path: Path, files: Files) -> None:
    """The end record leads far outside the file."""
    _write(path, files)
    data = bytearray(path.read_bytes())
    end = data.rindex(END)
    data[end + 16 : end + 20] = struct.pack("<I", 0x7FFFFFFF)
    path.write_bytes(data)


def directory_of_many(path: Path, files: Files) -> None:
    """The end record announces 65,534 members in a directory of 4 GB."""
    _write(path, files)
    data = bytearray(path.read_bytes())
    end = data.rindex(END)
    data[end + 8 : end + 16] = struct.pack("<HHI", 65534, 65534, 0xFFFFFFF0)
    path.write_bytes(data)


def extra_fields_that_lie(path: Path, files: Files) -> None:
    """An extra field that says it is longer than the room it has."""
    info = zipfile.ZipInfo("helper.py")
    info.extra = struct.pack("<HH", 0x7075, 4) + b"abcd"
    _write(path, files, (info, b""))
    lie = struct.pack("<HH", 1, 0xFFF0)
    _patch(path, b"helper.py", {39: lie}, {55: lie})


def not_a_zip(path: Path, files: Files) -> None:
    path.write_bytes(b"\x7fELF" + b"".join(files.values()))


def empty_file(path: Path, files: Files) -> None:
    path.write_bytes(b"")


def empty_zip(path: Path, files: Files) -> None:
    _write(path, {})


# odd, and honest


def top_folder(path: Path, files: Files) -> None:
    """As file managers make it, with members for the folders."""
    named = {"J\u00f6rg M\u00fcller/" + name: data for name, data in files.items()}
    _write(path, {"J\u00f6rg M\u00fcller/": b"", **named})


def macos_resource_forks(path: Path, files: Files) -> None:
    forks = {f"__MACOSX/student/._{name}": b"\0\5\26\7" + bytes(100) for name in files}
    named = {f"student/{name}": data for name, data in files.items()}
    _write(path, {"student/": b"", **named, "student/.DS_Store": bytes(100), **forks})


def predictions_and_helpers(path: Path, files: Files) -> None:
    """What the course asks to hand in beside the code, and what a tidy learner has."""
    more = {
        "README.md": b"# my notes\n",
        "my_helpers.py": b"ANSWER = 42\n",
        "generated-sentence-temp-0.txt": b"Once upon a time\n",
        "sst-dev-prompting-output.txt": b"1 ||| a film\n",
        "__pycache__/llama.cpython-311.pyc": bytes(16),
        ".git/config": b"[core]\n",
    }
    _write(path, {**files, **more})


def carriage_returns(path: Path, files: Files) -> None:
    _write(path, {name: data.replace(b"\n", b"\r\n") for name, data in files.items()})


def byte_order_marks(path: Path, files: Files) -> None:
    _write(path, {name: b"\xef\xbb\xbf" + data for name, data in files.items()})


def stored_with_a_comment(path: Path, files: Files) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.comment = b"handed in late, sorry"


def streamed(path: Path, files: Files) -> None:
    """Written without seeking, sizes behind the contents, in 64-bit records."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            self.data += bytes(data)  # type: ignore[call-overload]
            return len(data)  # type: ignore[arg-type]

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            with archive.open(name, "w", force_zip64=True) as file:
                file.write(data)
    path.write_bytes(bytes(pipe.data))


def without_modes(path: Path, files: Files) -> None:
    """As Windows writes it: members whose modes say nothing."""
    members = []
    for name, data in files.items():
        info = zipfile.ZipInfo(name)
        info.create_system, info.external_attr = 0, 0x20
        members.append((info, data))
    _write(path, {}, *members)


# What is hostile -> who makes it, and a word of the refusal, in small letters.
ARCHIVES: dict[str, tuple[Writer, str]] = {
    "parent folder": (parent_folder, ".."),
    "parent folder in the middle": (parent_folder_in_the_middle, ".."),
    "parent folder by backslashes": (parent_folder_by_backslashes, ".."),
    "parent folder alone": (parent_folder_alone, ".."),
    "absolute path": (absolute_path, "absolute"),
    "absolute path by two slashes": (absolute_path_by_two_slashes, "absolute"),
    "backslashes": (backslashes, "backslash"),
    "drive letter": (drive_letter, "drive"),
    "drive letter without a slash": (drive_letter_without_a_slash, "drive"),
    "stream of a file": (stream_of_a_file, "stream"),
    "NUL in a name": (nul_in_a_name, "name"),
    "control characters in a name": (control_characters_in_a_name, "name"),
    "markup in a name": (markup_in_a_name, ".."),
    "right-to-left name": (right_to_left_name, "name"),
    "huge name": (huge_name, "name"),
    "thousand folders deep": (thousand_folders_deep, "name"),
    "empty name": (empty_name, "name"),
    "symbolic link": (symbolic_link, "link"),
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
    "duplicate": (duplicate, "twice"),
    "duplicate by a dot": (duplicate_by_a_dot, "twice"),
    "duplicate by slashes": (duplicate_by_slashes, "twice"),
    "case clash": (case_clash, "case"),
    "accent clash": (accent_clash, "accents"),
    "two names for one member": (two_names_for_one_member, "damaged"),
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

# What is odd and honest -> who makes it; graded as the honest files are. The reader of the last
# must take all files from one of its two directories, and never one from each.
ODD_BUT_HONEST: dict[str, Writer] = {
    "top folder": top_folder,
    "macOS resource forks": macos_resource_forks,
    "predictions and helpers": predictions_and_helpers,
    "carriage returns": carriage_returns,
    "byte order marks": byte_order_marks,
    "stored, with a comment": stored_with_a_comment,
    "streamed": streamed,
    "without modes": without_modes,
    "two directories": two_directories,
}
