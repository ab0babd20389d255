"""Zips that look strange and are honest: to be graded as their files are."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

from assignment.specimens.archives.writing import EVIL, Files, Writer, member, write


def top_folder(path: Path, files: Files) -> None:
    """As file managers make it, with members for the folders."""
    named = {"J\u00f6rg M\u00fcller/" + name: data for name, data in files.items()}
    write(path, {"J\u00f6rg M\u00fcller/": b"", **named})


def macos_resource_forks(path: Path, files: Files) -> None:
    forks = {f"__MACOSX/student/._{name}": b"\0\5\26\7" + bytes(100) for name in files}
    named = {f"student/{name}": data for name, data in files.items()}
    write(path, {"student/": b"", **named, "student/.DS_Store": bytes(100), **forks})


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
    write(path, {**files, **more})


def link_beside(path: Path, files: Files) -> None:
    """What it points to is never looked at, and it is not taken."""
    write(path, files, (member("helper.py", stat.S_IFLNK | 0o777), b"/etc/passwd"))


def backslashes(path: Path, files: Files) -> None:
    """As old tools on Windows part folders."""
    write(path, {}, *((member(f"hw1\\{name}"), data) for name, data in files.items()))


def environment(path: Path, files: Files) -> None:
    """A whole environment, with its links, beside the work."""
    packages = {f"hw1/.venv/lib/site-packages/p{n}.py": b"" for n in range(20_000)}
    link = member("hw1/.venv/bin/python", stat.S_IFLNK | 0o777), b"/usr/bin/python3"
    write(path, {f"hw1/{name}": data for name, data in files.items()} | packages, link)


def deep_folder(path: Path, files: Files) -> None:
    write(path, {f"Users/me/course/hw1/{name}": data for name, data in files.items()})


def old_version_beside(path: Path, files: Files) -> None:
    write(path, {f"hw1/{name}": data for name, data in files.items()} | {"old/llama.py": EVIL})


def carriage_returns(path: Path, files: Files) -> None:
    write(path, {name: data.replace(b"\n", b"\r\n") for name, data in files.items()})


def byte_order_marks(path: Path, files: Files) -> None:
    write(path, {name: b"\xef\xbb\xbf" + data for name, data in files.items()})


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
    write(path, {}, *members)


def two_directories(path: Path, files: Files) -> None:
    """Two archives in one file: readers from the front and from the back see different files."""
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        for name in files:
            archive.writestr(name, EVIL)
    write(path, files)
    path.write_bytes(other.getvalue() + path.read_bytes())


# What is odd and honest -> who makes it; graded as the honest files are. The reader of the last
# must take all files from one of its two directories, and never one from each.
ODD_BUT_HONEST: dict[str, Writer] = {
    "top folder": top_folder,
    "macOS resource forks": macos_resource_forks,
    "predictions and helpers": predictions_and_helpers,
    "link beside": link_beside,
    "backslashes": backslashes,
    "environment": environment,
    "deep folder": deep_folder,
    "old version beside": old_version_beside,
    "carriage returns": carriage_returns,
    "byte order marks": byte_order_marks,
    "stored, with a comment": stored_with_a_comment,
    "streamed": streamed,
    "without modes": without_modes,
    "two directories": two_directories,
}
