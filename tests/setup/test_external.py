"""Fetching: verified, resumed, skipped where out of reach, never half-written."""

from __future__ import annotations

import hashlib
import http.server
import io
import os
import socket
import subprocess
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from setup import external, prepare
from setup.external import ExternalFile, NotThere, OutOfReach

CONTENT = os.urandom(3_000_000)


class Server(http.server.ThreadingHTTPServer):
    """Serves CONTENT on 127.0.0.1 and notes what was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.ranges: list[str | None] = []
        self.cut_after: int | None = None  # break each connection after so many bytes
        self.knows_ranges = True

    def file(self, path: str = "good", **fields) -> ExternalFile:
        url = f"http://127.0.0.1:{self.server_port}/{path}"
        return ExternalFile(path="files/a.bin", licence="none", url=url, **fields)


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.ranges.append(wanted)
        if "good" not in self.path:
            self.send_error(404)
            return
        start = 0
        if wanted and self.server.knows_ranges:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(CONTENT):
                self.send_error(416)
                return
            self.send_response(206)
        else:
            self.send_response(200)
        body = CONTENT[start:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.server.cut_after])

    def log_message(self, *args) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


RIGHT: dict[str, Any] = {"bytes": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest()}


def test_a_download_is_verified_and_then_named(server: Server, tmp_path: Path) -> None:
    file = server.file(**RIGHT)
    assert not external.is_present(file, tmp_path)
    external.from_url(file, tmp_path)
    assert (tmp_path / "files" / "a.bin").read_bytes() == CONTENT
    assert external.is_present(file, tmp_path)
    assert os.listdir(tmp_path / "files") == ["a.bin"]


@pytest.mark.parametrize(
    "wrong", [{"sha256": "0" * 64}, {"bytes": 7}, {"bytes": None, "min_bytes": 10**9}]
)
def test_a_wrong_file_is_not_installed(server: Server, tmp_path: Path, wrong: dict) -> None:
    with pytest.raises(ValueError, match=r"a\.bin: .* instead of"):
        external.from_url(server.file(**(RIGHT | wrong)), tmp_path)
    assert os.listdir(tmp_path / "files") == []


def test_a_broken_connection_is_taken_up_where_it_broke(server: Server, tmp_path: Path) -> None:
    server.cut_after = 1_300_000
    external.from_url(server.file(**RIGHT), tmp_path)
    assert (tmp_path / "files" / "a.bin").read_bytes() == CONTENT
    assert len(server.ranges) == 3
    assert server.ranges[0] is None
    assert all(asked and asked != "bytes=0-" for asked in server.ranges[1:])


def test_an_earlier_part_is_used(server: Server, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    part = tmp_path / "files" / "a.bin.part"
    part.write_bytes(CONTENT[:2_000_000])
    external.from_url(server.file(**RIGHT), tmp_path)
    assert server.ranges == ["bytes=2000000-"]
    assert not part.exists()
    # and thrown away where the server cannot resume, or where it is of another file
    server.knows_ranges = False
    part.write_bytes(b"x" * 100)
    external.from_url(server.file(**RIGHT), tmp_path)
    server.knows_ranges = True
    part.write_bytes(CONTENT + b"more")
    external.from_url(server.file(**RIGHT), tmp_path)
    assert (tmp_path / "files" / "a.bin").read_bytes() == CONTENT


def test_a_connection_that_never_gets_on_is_given_up(server: Server, tmp_path: Path) -> None:
    server.cut_after = 0
    with pytest.raises(OutOfReach, match="the connection broke 5 times"):
        external.from_url(server.file(**RIGHT), tmp_path)


def test_a_file_the_server_does_not_have(server: Server, tmp_path: Path) -> None:
    with pytest.raises(NotThere, match="404"):
        external.from_url(server.file("bad"), tmp_path)
    assert os.listdir(tmp_path / "files") == []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_what_is_out_of_reach_is_one_line_and_the_rest_goes_on(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(external, "PROJECT", tmp_path)
    nowhere = f"http://127.0.0.1:{free_port()}"
    files = [
        ExternalFile(path="x.bin", licence="", url=f"{nowhere}/x.bin"),
        ExternalFile(path="y.bin", licence="", url=f"{nowhere}/y.bin"),
        server.file("bad"),
        server.file(**RIGHT),
    ]
    monkeypatch.setattr(external.from_url, "__defaults__", (tmp_path,))
    monkeypatch.setattr(external.is_present, "__defaults__", (tmp_path,))
    prepare.fetch_course_files(files, None)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert "404" in lines[0]
    assert "a.bin fetched" in lines[1]
    assert "out of reach" in lines[2]
    assert "x.bin, y.bin" in lines[2]


def test_from_a_folder(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "deeper").mkdir(parents=True)
    file = ExternalFile(path="files/a.bin", licence="", **RIGHT)
    assert not external.from_folder(file, source, tmp_path)
    (source / "deeper" / "a.bin").write_bytes(CONTENT)
    assert external.from_folder(file, source, tmp_path)
    assert external.is_present(file, tmp_path)
    (source / "deeper" / "a.bin").write_bytes(CONTENT[::-1])
    with pytest.raises(ValueError, match="its SHA-256 is"):
        external.from_folder(file, source, tmp_path)
    assert external.is_present(file, tmp_path)


def test_from_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a pip that copies a wheel made here, and one that fails."""
    wheel = tmp_path / "thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("thing/a.bin", CONTENT)
    file = ExternalFile(
        path="files/a.bin", licence="", package="thing==1.0", members=["thing/a.bin"], **RIGHT
    )

    def fake_pip(command, **options):
        folder = Path(command[command.index("--dest") + 1])
        (folder / wheel.name).write_bytes(wheel.read_bytes())
        return subprocess.CompletedProcess(command, 0, stderr="")

    monkeypatch.setattr("subprocess.run", fake_pip)
    external.from_package(file, tmp_path)
    assert external.is_present(file, tmp_path)
    assert os.listdir(tmp_path / "files") == ["a.bin"]

    def failing_pip(command, **options):
        return subprocess.CompletedProcess(command, 1, stderr="WARNING: x\nERROR: no route\n")

    monkeypatch.setattr("subprocess.run", failing_pip)
    with pytest.raises(ValueError, match="could not download thing==1.0 .*no route"):
        external.from_package(file, tmp_path)


def test_the_table_is_complete() -> None:
    for rows in external.load_table().values():
        for file in rows:
            assert file.licence
            assert bool(file.url) != bool(file.package)
            assert bool(file.package) == (len(file.package_sha256) == 64)
            assert not Path(file.path).is_absolute()


def test_a_package_is_looked_at_before_its_code_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A source distribution of a name that is right and a content that is not."""
    marker = tmp_path / "ran"
    archive = tmp_path / "thing-1.0.tar.gz"
    code = (
        f"open({str(marker)!r}, 'w')\nfrom setuptools import setup\n"
        "setup(name='thing', version='1.0')\n"
    )
    with tarfile.open(archive, "w:gz") as tar:
        for name, content in (("setup.py", code), ("PKG-INFO", "Name: thing\nVersion: 1.0\n")):
            entry = tarfile.TarInfo(f"thing-1.0/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content.encode()))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_NO_BUILD_ISOLATION", "0")  # else pip would look for setuptools first
    fields: dict = {"licence": "", "package": "thing==1.0", "members": ["x"], "source": True}
    file = ExternalFile(path="files/a.bin", package_sha256="0" * 64, **fields)
    with pytest.raises(ValueError, match=r"thing==1\.0: its SHA-256 is not the one in"):
        external.from_package(file, tmp_path)
    assert not marker.exists()
    right = hashlib.sha256(archive.read_bytes()).hexdigest()
    with pytest.raises(ValueError, match=r"lacks x"):
        external.from_package(replace(file, package_sha256=right), tmp_path)
    assert marker.exists(), "else this test could not fail"


def test_a_second_download_waits_for_the_first(server: Server, tmp_path: Path) -> None:
    """Both would append to one part."""
    file = server.file(**RIGHT)
    both = [threading.Thread(target=external.from_url, args=(file, tmp_path)) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert server.ranges == [None]
    assert (tmp_path / "files" / "a.bin").read_bytes() == CONTENT


def test_nothing_fetched_is_not_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = external.load_table()["course"]
    monkeypatch.setattr(external, "PROJECT", tmp_path)
    monkeypatch.setattr(external, "is_present", lambda file: False)
    with pytest.raises(ValueError, match=r"none of the course's files could be had: .*--from DIR"):
        prepare.fetch_course_files(table, tmp_path)
