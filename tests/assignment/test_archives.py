"""Tars as submissions: the honest are taken as zips are, the hostile refused by name."""

from __future__ import annotations

import gzip
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assignment.sandbox import archives
from tests.assignment.submissions import FILES, HONEST, add, take_in, tarred, zipped
from tests.helpers import contents

Spoil = Callable[[tarfile.TarFile], None]


def entry(
    name: str, kind: bytes = tarfile.REGTYPE, target: str = "", data: bytes = b"x = 1\n"
) -> Spoil:
    """Adds a member to a tar."""

    def spoil(archive: tarfile.TarFile) -> None:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, target
        add(archive, info, data if kind == tarfile.REGTYPE else b"")

    return spoil


def many(archive: tarfile.TarFile) -> None:
    for number in range(501):
        add(archive, tarfile.TarInfo(f"data/{number}.txt"))


def large(archive: tarfile.TarFile) -> None:
    for number in range(25):
        add(archive, tarfile.TarInfo(f"helper{number}.py"), b"#" * 900_000)


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> Spoil:
    """Adds a header alone, which says that so much comes after it."""

    def spoil(archive: tarfile.TarFile) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.type = size, kind
        assert archive.fileobj is not None
        archive.fileobj.write(info.tobuf(tarfile.GNU_FORMAT))

    return spoil


def no_header(archive: tarfile.TarFile) -> None:
    assert archive.fileobj is not None
    archive.fileobj.write(b"no header" * 100)


# What is hostile -> what spoils an honest tar, and a word of the refusal, in small letters.
HOSTILE: dict[str, tuple[Spoil, str]] = {
    "parent folder": (entry("../evil.py"), ".."),
    "parent folder in the middle": (entry("a/../../evil.py"), ".."),
    "parent folder by backslashes": (entry("..\\evil.py"), ".."),
    "parent folder of a tool": (entry(".venv/../../evil.py"), ".."),
    "absolute path": (entry("/evil.py"), "absolute"),
    "drive letter": (entry("C:/evil.py"), "drive"),
    "control characters": (entry("\x1b[2J\nevil.py"), "name"),
    "long name": (entry("a/" * 1000 + "evil.py"), "name"),
    "link for a task": (entry("rope.py", tarfile.SYMTYPE, "/etc/passwd"), "twice"),
    "link to a folder": (entry("student", tarfile.SYMTYPE, "/tmp"), "link"),
    "hard link to a folder": (entry("student", tarfile.LNKTYPE, "/tmp"), "link"),
    "fifo": (entry("helper.py", tarfile.FIFOTYPE), "pipe"),
    "character device": (entry("helper.py", tarfile.CHRTYPE), "device"),
    "block device": (entry("helper.py", tarfile.BLKTYPE), "device"),
    "sparse file": (header("helper.py", 0, tarfile.GNUTYPE_SPARSE), "sparse"),
    "duplicate": (entry("rope.py"), "twice"),
    "duplicate by a dot": (entry("./rope.py"), "twice"),
    "case clash": (entry("ROPE.py"), "case"),
    "file and folder": (entry("rope.py/evil.py"), "folder"),
    "too many files": (many, "many"),
    "too much to read": (large, "large"),
    "large source": (entry("helper.py", data=b"#" * 1_000_001), "large"),
    "archive in the archive": (entry("submission.zip"), "archive"),
    "archive under another name": (entry("helper.py", data=b"PK\3\4"), "archive"),
    "lying size": (header("helper.py", 10**9), "damaged"),
    "size of many terabytes": (header("helper.py", 10**15), "damaged"),
    "name of a gigabyte": (header("x", 10**9, tarfile.GNUTYPE_LONGNAME), "damaged"),
    "pax header of a gigabyte": (header("x", 10**9, tarfile.XHDTYPE), "damaged"),
    "no header": (no_header, "damaged"),
}


@pytest.mark.parametrize("ending", ["tar", "tar.gz"])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_tar_is_refused_by_name(
    name: str, ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    spoil, word = HOSTILE[name]
    with tarfile.open(f"a.{ending}", "w" if ending == "tar" else "w:gz") as archive:
        for file, data in (HONEST | {"student/notes.txt": b""}).items():
            add(archive, tarfile.TarInfo(file), data)
        spoil(archive)
    before = contents(tmp_path)
    taken = take_in(tmp_path / f"a.{ending}")
    assert word in taken.refused.lower(), taken.refused
    assert taken.files == {}
    assert contents(tmp_path) == before


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_link_in_a_tar_is_not_followed(kind: bytes, tmp_path: Path) -> None:
    link = tarfile.TarInfo("rope.py")
    link.type, link.linkname = kind, "/etc/passwd"
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        add(archive, link)
        for name in ("llama.py", "sampling.py"):
            add(archive, tarfile.TarInfo(name), HONEST[name])
    assert take_in(tmp_path / "a.tar").refused == "rope.py is a link"
    link.name = "stories42M.pt"
    with tarfile.open(tmp_path / "b.tar", "w") as archive:
        add(archive, link)
        for name in FILES:
            add(archive, tarfile.TarInfo(name), HONEST[name])
    taken = take_in(tmp_path / "b.tar")
    assert taken.files == HONEST
    assert taken.notes == ["stories42M.pt: ignored, it is a link"]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_tar_is_taken_as_a_zip_is(form: int, tmp_path: Path) -> None:
    more = {"README.md": b"", "my_helpers.py": b"A = 1\n", ".venv/lib/rope.py": b"", "._x": b""}
    files = {f"./J\u00f6rg/{'w' * 120}/{n}": x for n, x in (HONEST | more).items()}
    for ending in (".tar.gz", ".tgz", ".tar", ".zip"):  # the bytes say what it is
        with tarfile.open(tmp_path / f"a{ending}", "w" if ending == ".tar" else "w:gz",
                          format=form) as archive:  # fmt: skip
            folder = tarfile.TarInfo("./")
            folder.type = tarfile.DIRTYPE
            add(archive, folder)
            for name, data in files.items():
                add(archive, tarfile.TarInfo(name), data)
        taken = take_in(tmp_path / f"a{ending}")
        same = take_in(zipped(tmp_path / "b.zip", files))
        assert taken.refused == ""
        assert taken.files == same.files == HONEST | {"my_helpers.py": b"A = 1\n"}
        assert taken.notes == same.notes


def test_a_bomb_of_gzip_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_UNPACKED", 5_000_000)
    with gzip.open(tmp_path / "a.tar.gz", "wb", compresslevel=9) as file:
        file.write(tarred(tmp_path / "b.tar").read_bytes())
        file.write(bytes(6_000_000))
    taken = take_in(tmp_path / "a.tar.gz")
    assert "bomb" in taken.refused
    assert take_in(tarred(tmp_path / "c.tar.gz")).files == HONEST


def test_headers_without_end_do_not_fill_the_memory(tmp_path: Path) -> None:
    """A sparse file's map may go on for as long as the tar does."""
    chained = tarfile.TarInfo("helper.py")
    chained.type = tarfile.GNUTYPE_SPARSE
    first = bytearray(chained.tobuf(tarfile.GNU_FORMAT))
    first[482] = 1  # the map goes on in the next block
    first[148:156] = b" " * 8
    first[148:156] = b"%06o\0 " % sum(first)
    block = (b"00000000001\0" * 42)[:504] + b"\1" + bytes(7)
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(bytes(first) + block * 10_000))
    taken = take_in(tmp_path / "a.tar.gz")
    assert "fills the memory" in taken.refused


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_damage_anywhere_in_a_tar_ends_in_words(data: st.DataObject, tmp_path: Path) -> None:
    small = dict.fromkeys(FILES, b"x = 1\n" * 5)
    ending = data.draw(st.sampled_from([".tar", ".tar.gz"]))
    bad = bytearray(tarred(tmp_path / f"good{ending}", small).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        bad[data.draw(st.integers(0, len(bad) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, 3)) and data.draw(st.integers(0, len(bad)))
    (tmp_path / f"a{ending}").write_bytes(bytes(bad[: len(bad) - cut]))
    taken = take_in(tmp_path / f"a{ending}")
    if taken.refused:
        assert taken.files == {}
    elif ending == ".tar.gz":  # a tar by itself has no checksum of what is in it
        assert all(taken.files[name] == small[name] for name in FILES if name in taken.files)


def test_a_gzip_that_holds_no_tar_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(b"rope.py"))
    assert "damaged tar.gz" in take_in(tmp_path / "a.tar.gz").refused
    wrong = bytearray(tarred(tmp_path / "b.tar.gz").read_bytes())
    wrong[-8:-4] = struct.pack("<I", 0)  # the checksum
    (tmp_path / "b.tar.gz").write_bytes(wrong)
    assert "damaged tar.gz" in take_in(tmp_path / "b.tar.gz").refused
    assert "damaged" in take_in(cut(tarred(tmp_path / "c.tar.gz"))).refused


def cut(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:-20])
    return path
