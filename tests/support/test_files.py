"""Files are whole or not there, and what cannot be written is said beforehand."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from support.files import (
    FORGOTTEN,
    atomic_path,
    existing,
    read_bytes,
    require_outputs,
    require_space,
    sample_digest,
    write_text,
)
from tests.helpers import PROJECT, buffered, write


def test_a_file_takes_its_name_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    with atomic_path(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
    assert path.read_text() == "half"
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:
        temporary.write_text("never")
        raise RuntimeError
    assert path.read_text() == "half"
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]


def test_two_at_once_write_the_same_file(tmp_path: Path) -> None:
    """Each writes its own, whole, and the later one stays."""
    path = tmp_path / "a.txt"
    with atomic_path(path) as one:
        one.write_text("one")
        with atomic_path(path) as two:
            two.write_text("two")
        assert path.read_text() == "two"
    assert path.read_text() == "one"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_what_a_killed_run_left_is_swept_up_later(tmp_path: Path) -> None:
    old, new = (write(tmp_path / f".a.txt.{name}.part", b"half") for name in ("old", "new"))
    os.utime(old, (0, time.time() - 2 * FORGOTTEN))
    with atomic_path(tmp_path / "a.txt"):
        assert not old.exists()
        assert new.exists(), "another run may be writing it"


def test_line_ends_stay_as_they_are(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "é\r\n\n")
    assert (tmp_path / "a").read_bytes() == b"\xc3\xa9\r\n\n"


def test_outputs_are_different_and_none_is_an_input(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    a.touch()
    require_outputs([tmp_path / "new" / "c", b], [a, None])
    with pytest.raises(ValueError, match="a: is read by this run; give another name"):
        require_outputs([b, a], [str(a)])
    with pytest.raises(ValueError, match="b: two outputs cannot go into one file"):
        require_outputs([b, tmp_path / "." / "b"], [])
    with pytest.raises(ValueError, match="is a folder"):
        require_outputs([tmp_path], [])
    with pytest.raises(ValueError, match="is no folder that can be written to"):
        require_outputs([a / "c"], [])
    assert [p.name for p in tmp_path.iterdir()] == ["a"], "nothing was made"


def test_room_is_looked_for_where_the_folder_is_to_be(tmp_path: Path) -> None:
    assert existing(tmp_path / "x" / "y") == tmp_path
    require_space(tmp_path / "x" / "y", 1, "a byte")
    with pytest.raises(ValueError, match="everything takes .* free: make room"):
        require_space(tmp_path / "x", 10**18, "everything")


def test_a_sample_tells_large_files_apart(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    content = bytearray(range(256)) * 20_000
    a.write_bytes(content)
    b.write_bytes(content)
    assert sample_digest(a) == sample_digest(b)
    content[-1] ^= 1
    b.write_bytes(content[:-1])  # a byte shorter
    assert sample_digest(a) != sample_digest(b)
    content[0] ^= 1
    b.write_bytes(content)
    assert sample_digest(a) != sample_digest(b)


def test_a_link_stays_one_and_a_mode_is_kept(tmp_path: Path) -> None:
    target, link = write(tmp_path / "target.txt", "old"), tmp_path / "link.txt"
    target.chmod(0o640)
    (tmp_path / "folder").mkdir()
    link.symlink_to(tmp_path / "folder" / ".." / "target.txt")
    (tmp_path / "dangling").symlink_to("absent.txt")
    write_text(link, "new")
    write_text(tmp_path / "dangling", "made")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert (tmp_path / "dangling").is_symlink()
    assert (tmp_path / "absent.txt").read_text() == "made"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_an_owner_and_a_device_stay(tmp_path: Path) -> None:
    owned, device = write(tmp_path / "a", "old"), tmp_path / "null"
    os.chown(owned, 65534, 65534)
    owned.chmod(0o4750)
    os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    for path in (owned, device):
        require_outputs([path, device, device], [device])
        write_text(path, "new")
    assert (owned.stat().st_uid, owned.stat().st_gid) == (65534, 65534)
    assert stat.S_IMODE(owned.stat().st_mode) == 0o4750
    assert stat.S_ISCHR(device.stat().st_mode)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "null"]


def test_a_pipe_is_filled_and_stays_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A reader who has come before, and one whom a word waits for."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    text = "a line\n" * 20_000  # more than a pipe holds
    for delay in (0.0, 0.3):
        found: list[str] = []

        def read(delay: float = delay, found: list[str] = found) -> None:
            time.sleep(delay)
            found.append(pipe.read_text())

        reader = threading.Thread(target=read)
        reader.start()
        time.sleep(0.1)
        write_text(pipe, text)
        reader.join()
        assert found == [text]
        assert stat.S_ISFIFO(pipe.stat().st_mode)
        assert ("waiting for a reader" in capsys.readouterr().err) == (delay > 0)


def test_standard_output_and_descriptors(tmp_path: Path) -> None:
    """Also where a file stands behind it: what was said before stays, and comes before."""
    code = (
        "from support.files import write_text\n"
        "print('before')\n"
        "for name in ('/dev/stdout', '-', '/dev/fd/1', '/proc/self/fd/1', 'link'):\n"
        "    write_text(name, f'{name}\\n')\n"
        "print('after')\n"
    )
    (tmp_path / "link").symlink_to("/dev/stdout")
    environment = {**buffered(), "PYTHONPATH": str(PROJECT)}
    with (tmp_path / "log").open("w") as log:
        subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, stdout=log, env=environment, check=True
        )
    expected = ["before", "/dev/stdout", "-", "/dev/fd/1", "/proc/self/fd/1", "link", "after"]
    assert (tmp_path / "log").read_text().splitlines() == expected
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link", "log"]


def test_a_full_disk_is_told_with_the_files_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        write_text(tmp_path / "a.txt", "text")
    assert caught.value.filename == str(tmp_path / "a.txt")
    assert not list(tmp_path.iterdir())


def test_a_name_with_brackets_is_swept_as_well(tmp_path: Path) -> None:
    old = write(tmp_path / ".a[1].txt.old.part", b"half")
    os.utime(old, (0, time.time() - 2 * FORGOTTEN))
    write_text(tmp_path / "a[1].txt", "whole")
    assert [p.name for p in tmp_path.iterdir()] == ["a[1].txt"]


def test_what_is_read_may_be_a_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"from a pipe")
    os.close(writer)
    assert read_bytes(f"/dev/fd/{reader}", "") == b"from a pipe"
    os.close(reader)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"typed")))
    assert read_bytes("-", "") == b"typed"
    monkeypatch.setattr("sys.stdin", None)
    for path, message in (
        ("-", "standard input is closed; do that"),
        (tmp_path, "is a folder; do that"),
        (tmp_path / "absent", "absent: no such file; do that"),
    ):
        with pytest.raises(ValueError, match=message):
            read_bytes(path, "do that")
