"""The folder of a training run, `runs/<name>/`, and what is kept in it.

A run goes on only with the same setting, and only one process at a time is in it:

    config.json    what decides the run
    log.jsonl      every figure of it, a line for each step and each epoch
    last.pt        the state to go on from
    best.pt        the weights of the best epoch
    metrics.json   what came out; its presence says that the run is finished
    curves.png     the log as a picture
    lock           held while the run is alive, and let go by the system if it is killed
"""

from __future__ import annotations

import contextlib
import glob
import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from filelock import FileLock, Timeout  # which torch needs as well

from support.files import require_space, sweep, write_text
from support.tensors import load_tensors, save_tensors
from support.words import banner, size_in_words

RUNS = Path("runs")  # in the working folder


class Run:
    """One run's folder; `with run:` locks it for this process, however that ends."""

    def __init__(self, folder: Path, setting: Mapping[str, Any]) -> None:
        """A folder that exists; `setting` is what config.json holds, or will hold."""
        self.folder = folder
        self.setting = dict(setting)
        self.last, self.best = folder / "last.pt", folder / "best.pt"
        self.log, self.curves = folder / "log.jsonl", folder / "curves.png"
        self.metrics = folder / "metrics.json"
        self.lock = FileLock(folder / "lock")

    def __enter__(self) -> Self:
        """Take the lock; raises a ValueError where another process has it."""
        try:
            self.lock.acquire(timeout=0)
        except Timeout as error:
            raise ValueError(f"{self.folder}: a run that is alive holds it; wait for it") from error
        sweep(self.folder)  # of a state that a kill has cut short
        return self

    def __exit__(self, *_: object) -> None:
        self.lock.release()

    @classmethod
    def new(cls, name: str, setting: Mapping[str, Any], root: Path = RUNS) -> Self:
        """A folder of its own for a run: `name`, or `name-2` and so on where that one is taken."""
        root.mkdir(parents=True, exist_ok=True)
        folder, number = root / name, 1
        while True:
            try:
                folder.mkdir()  # the first who asks gets it
                break
            except FileExistsError:
                number += 1
                folder = root / f"{name}-{number}"
        run = cls(folder, setting)
        write_text(folder / "config.json", json.dumps(run.setting, indent=2) + "\n")
        return run

    @classmethod
    def fitting(
        cls,
        kind: str,
        setting: Mapping[str, Any],
        root: Path = RUNS,
        free: Collection[str] = (),
        others: bool = False,
    ) -> Self | None:
        """The newest run with this very setting that has a state to go on from; None without any.

        Those that are not finished come first.

        Args:
            kind: what the names of all runs begin with that may be mistaken for this one.
            free: parts of the setting that may differ; the run that is returned has its own.
            others: whether there may be runs of the kind with other settings, and they alone.

        Raises:
            ValueError: there are runs of the kind, and each has another setting, unless `others`;
                the first one's differences are named. Or the run is alive.
        """
        folders = newest_first(root, "last.pt", kind)
        folders.sort(key=lambda folder: (folder / "metrics.json").exists())
        read = {folder: read_config(folder) for folder in folders}
        known = {folder: then for folder, then in read.items() if then is not None}
        unlike = {folder: _differences(then, setting, free) for folder, then in known.items()}
        for folder in sorted(known, key=lambda folder: known[folder] != setting):
            if not unlike[folder]:
                with cls(folder, known[folder]) as run:  # it is not alive
                    return run
        for folder, differences in () if others else unlike.items():
            raise ValueError(
                f"{folder} is of another run: {'; '.join(differences)}; give the same arguments, "
                "or start anew instead of resuming"
            )
        return None

    def change(self, **parts: Any) -> None:
        """Go on with another setting in what may differ; a finished run is finished no more."""
        self.setting |= parts
        self.metrics.unlink(missing_ok=True)
        write_text(self.folder / "config.json", json.dumps(self.setting, indent=2) + "\n")

    def save_last(self, state: Mapping[str, Any]) -> None:
        """Replace the state to go on from."""
        self._save(self.last, state)

    def save_best(self, epoch: int, contents: Mapping[str, Any]) -> None:
        """Replace the weights of the best epoch."""
        self._save(self.best, {"epoch": epoch, **contents})

    def load_last(self) -> dict[str, Any]:
        """The state to go on from; raises a ValueError where it is missing or damaged."""
        return load_tensors(self.last, "start the run anew")

    def load_best(self, epoch: int) -> dict[str, Any]:
        """The weights of the best epoch; raises a ValueError where they are of another one."""
        contents = load_tensors(self.best, "start the run anew", mmap=True)
        if contents["epoch"] != epoch:
            raise ValueError(f"{self.best}: not the best epoch of this run; start the run anew")
        return contents

    def finish(self, metrics: Mapping[str, Any]) -> None:
        """Write what came out, by which the run is finished."""
        write_text(self.metrics, json.dumps(metrics, indent=2, ensure_ascii=False) + "\n")

    def _save(self, path: Path, contents: Mapping[str, Any]) -> None:
        remedy = "what was saved before is untouched; make room and go on with --resume"
        save_tensors(path, contents, remedy)


def open_run(
    kind: str,
    name: str,
    setting: Mapping[str, Any],
    sizes: tuple[int, int],
    *,
    resume: bool | None,
    free: Collection[str] = (),
) -> Run:
    """A new folder `kind` + `name`, or, to resume, the run to go on with; says which.

    Args:
        resume: None: only if there is one of this very setting; the others do not matter.
        sizes: bytes of the state and of the best weights, for which there has to be room.
        free: as of `Run.fitting`.

    Raises:
        ValueError: there is no room, or the runs that are there are of other settings.
    """
    if resume is not False and (
        run := Run.fitting(kind, setting, free=free, others=resume is None)
    ):
        return run
    if resume:
        print(banner("resume", f"no run {RUNS / kind}... to go on with: starting anew"))
    # While a file is replaced, the old one and the new one exist side by side.
    require_space(RUNS, 2 * sum(sizes), f"a run in {RUNS}/")
    run = Run.new(kind + name, setting)
    last, best = map(size_in_words, sizes)
    print(banner("run", f"{run.folder}: state {last}, best weights {best}"))
    return run


@contextlib.contextmanager
def resumable(run: Run) -> Iterator[None]:
    """Say after an interruption how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        if run.last.exists():
            print(f"\n{run.last} is saved; go on with the same command and --resume")
        raise


def finished_run(name: str | None, kind: str, root: Path = RUNS) -> Path:
    """The folder of the newest finished run, or of the one that is named.

    Args:
        name: a name in `root`, or the path of a folder.
        kind: what the names of runs begin with that will do.

    Raises:
        ValueError: there is no such run, or it is not finished.
    """
    if name is None:
        for folder in newest_first(root, "metrics.json", kind):
            return folder
        raise ValueError(f"no finished run {root / kind}...: train one first, or name one")
    for folder in (root / name, Path(name)):
        if not folder.is_dir():
            continue
        if all((folder / file).exists() for file in ("metrics.json", "best.pt")):
            return folder
        raise ValueError(f"{folder}: a run that is not finished; resume it first")
    known = ", ".join(path.name for path in newest_first(root, "metrics.json", kind))
    raise ValueError(f"{name}: no such run in {root}/; finished: {known or 'none'}")


def newest_first(root: Path, file: str, kind: str) -> list[Path]:
    """Folders of runs whose names begin so and that hold a file, by when it was last written."""
    found = [path for path in root.glob(f"{glob.escape(kind)}*/{file}") if path.is_file()]
    found.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return [path.parent for path in found]


def _differences(
    then: Mapping[str, Any], now: Mapping[str, Any], free: Collection[str]
) -> list[str]:
    """What two settings differ in, in words."""
    return [
        f"{name} {then.get(name)!r} then and {now.get(name)!r} now"
        for name in sorted(now.keys() | then.keys())
        if name not in free and then.get(name) != now.get(name)
    ]


def read_config(folder: Path) -> dict[str, Any] | None:
    """A run's setting; None where its file is missing or damaged, so that it fits nothing."""
    try:
        return json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
