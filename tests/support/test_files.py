"""Files are whole or not there, and what cannot be written is said beforehand."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from support.files import (
    FORGOTTEN,
    atomic_path,
    existing,
    require_outputs,
    require_space,
    sample_digest,
    write_text,
)
from tests.helpers import write


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
