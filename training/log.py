"""One log of a run, and who wants to know: JSON lines, a picture of the curves, TensorBoard.

A figure has TensorBoard's kind of name: `Loss/train_step`, `Accuracy/dev`. What stands before the
slash is one diagram, what stands behind it one of its curves.
"""

from __future__ import annotations

import importlib.util
import json
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from tqdm import tqdm

from support.files import atomic_path, write_text
from support.words import banner
from training.run import Run

COLUMNS = 4  # diagrams beside each other
REDRAW = 60.0  # seconds between two pictures of a run that goes on


class Sink(Protocol):
    """Someone who wants to know."""

    def add(self, record: Mapping[str, float]) -> None:
        """Take a step's or an epoch's figures, with `step` and for an epoch's `epoch`."""

    def close(self, hyperparameters: Mapping[str, Any], results: Mapping[str, float]) -> None:
        """The run ends; `results` is empty if it was interrupted."""


def attempt(what: str, act: Callable[[], Any]) -> bool:
    """Do what a run can do without; says so where that fails, and whether it did not.

    A picture is worth less than the training that it shows: no library, display or disk ends that.
    """
    try:
        act()
    except Exception as error:
        why = " ".join(str(error).split()) or type(error).__name__
        tqdm.write(banner("note", f"goes on without {what}: {why[:200]}"))
        return False
    return True


class RunLog:
    """Tells every sink of a run what happens in it; one that fails is left out from then on."""

    def __init__(self, sinks: Sequence[Sink], hyperparameters: Mapping[str, Any]) -> None:
        self.sinks, self.hyperparameters = sinks, hyperparameters

    def add(self, step: int, figures: Mapping[str, float], epoch: int | None = None) -> None:
        """Figures at a step, counted from 1 over all epochs, or at the end of an epoch."""
        place = {"step": step} if epoch is None else {"step": step, "epoch": epoch}
        self._tell(lambda sink: sink.add({**place, **figures}))

    def close(self, results: Mapping[str, float] | None = None) -> None:
        """The run has ended, with results or by an interruption."""
        self._tell(lambda sink: sink.close(self.hyperparameters, results or {}))
        self.sinks = []  # a second time changes nothing

    def _tell(self, act: Callable[[Sink], None]) -> None:
        self.sinks = [s for s in self.sinks if attempt(type(s).__name__, partial(act, s))]


class JsonLines:
    """The log as a file, a line for each record; `Curves` draws from it."""

    def __init__(self, path: Path, steps: int, epochs: int = 0) -> None:
        """Go on behind so many steps and epochs: what a killed run wrote later comes again."""
        kept = [
            record
            for record in read_log(path)
            if record["step"] <= steps and record.get("epoch", 0) <= epochs
        ]
        write_text(path, "".join(json.dumps(record) + "\n" for record in kept))
        self.file = path.open("a", encoding="utf-8")
        self.seconds = kept[-1]["seconds"] if kept else 0.0  # of training, interruptions left out
        self.started = time.monotonic()

    def add(self, record: Mapping[str, float]) -> None:
        seconds = round(self.seconds + time.monotonic() - self.started, 3)
        self.file.write(json.dumps({**record, "seconds": seconds}) + "\n")
        self.file.flush()

    def close(self, hyperparameters: Mapping[str, Any], results: Mapping[str, float]) -> None:
        self.file.close()


def read_log(path: Path) -> list[dict[str, float]]:
    """The records of a log; a last line that a kill has cut short is left out."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    try:
        return [json.loads(line) for line in lines if line.endswith("\n")]
    except ValueError as error:
        raise ValueError(f"{path}: damaged ({error}); delete it, or start the run anew") from error


class Curves:
    """A picture of the log, drawn anew every minute and at the end; needs matplotlib."""

    def __init__(
        self, log: Path, path: Path, title: str, levels: Mapping[str, tuple[str, float]]
    ) -> None:
        """`levels` are horizontal lines: `{"Accuracy": ("majority class", 0.3)}`."""
        self.log, self.path, self.title, self.levels = log, path, title, levels
        self.drawn = time.monotonic()

    def add(self, record: Mapping[str, float]) -> None:
        if time.monotonic() - self.drawn > REDRAW:
            self.draw()

    def close(self, hyperparameters: Mapping[str, Any], results: Mapping[str, float]) -> None:
        self.draw()

    def draw(self) -> None:
        """A diagram for each group of figures, with all that the log has of it."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.drawn = time.monotonic()
        curves = self.curves()
        if not curves:
            return
        columns = min(len(curves), COLUMNS)
        rows = -(-len(curves) // columns)
        figure = Figure(figsize=(4.5 * columns, 3.6 * rows), layout="constrained")
        FigureCanvasAgg(figure)
        figure.suptitle(self.title, parse_math=False)  # a file's name may hold a $
        for number, (group, lines) in enumerate(curves.items(), start=1):
            axes = figure.add_subplot(rows, columns, number)
            for name, points in lines.items():
                at_steps = name.endswith("_step")
                style: dict[str, Any] = {"lw": 0.8, "alpha": 0.5} if at_steps else {"marker": "o"}
                axes.plot(*zip(*points, strict=True), label=name.replace("_", " "), **style)
            if group in self.levels:
                name, level = self.levels[group]
                axes.axhline(level, linestyle=":", color="gray", label=name)
            axes.set_xlabel("step")
            axes.set_ylabel(group)
            axes.legend()
        with atomic_path(self.path) as temporary:
            figure.savefig(temporary, format="png", dpi=120)

    def curves(self) -> dict[str, dict[str, list[tuple[float, float]]]]:
        """Group to curve to points (step, value)."""
        found: dict[str, dict[str, list[tuple[float, float]]]] = {}
        for record in read_log(self.log):
            for tag, value in record.items():
                group, slash, name = tag.partition("/")
                if slash:
                    found.setdefault(group, {}).setdefault(name, []).append((record["step"], value))
        return found


class TensorBoard:
    """A log folder for `tensorboard --logdir`; needs the package tensorboard."""

    def __init__(self, folder: Path, steps: int) -> None:
        """Go on behind so many steps; what the folder has of later ones is of another run."""
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(folder), purge_step=steps + 1)

    def add(self, record: Mapping[str, float]) -> None:
        step = record.get("epoch", record["step"])
        for tag, value in record.items():
            if "/" in tag:
                self.writer.add_scalar(tag, value, step)

    def close(self, hyperparameters: Mapping[str, Any], results: Mapping[str, float]) -> None:
        if results:
            self.writer.add_hparams(dict(hyperparameters), dict(results))
        self.writer.close()


def is_installed(package: str) -> bool:
    """Whether a package that a sink needs is here."""
    return importlib.util.find_spec(package) is not None


def open_log(
    run: Run,
    done: tuple[int, int],
    hyperparameters: Mapping[str, Any],
    levels: Mapping[str, tuple[str, float]] | None = None,
    folder: Path = Path("tensorboard"),
    tensorboard: bool | None = None,
) -> RunLog:
    """A run's log: lines in its folder, a picture there, and a folder for TensorBoard.

    Args:
        done: steps and epochs behind which it goes on.
        levels: as of `Curves`.
        folder: where TensorBoard's logs are.
        tensorboard: whether to keep one; None: where the package is installed.
    """
    sinks: list[Sink] = [JsonLines(run.log, *done)]
    if is_installed("matplotlib"):
        sinks.append(Curves(run.log, run.curves, run.folder.name, levels or {}))
    else:
        print("no curves are drawn: that needs the package matplotlib (extra plots)")
    if tensorboard or (tensorboard is None and is_installed("tensorboard")):
        place = folder / run.folder.name
        attempt("TensorBoard", lambda: sinks.append(TensorBoard(place, done[0])))
    return RunLog(sinks, hyperparameters)
