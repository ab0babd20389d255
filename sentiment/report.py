"""What is left of a training run: a metrics file, a picture of the curves, TensorBoard's log."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from support.files import atomic_path, write_text


def write_metrics(path: Path, contents: Mapping[str, Any]) -> None:
    """Write figures as JSON."""
    write_text(path, json.dumps(contents, indent=2, ensure_ascii=False) + "\n")


def draw_curves(
    path: Path, history: Sequence[Mapping[str, float]], title: str, majority: float
) -> bool:
    """Draw loss and accuracy over the epochs as PNG; False where matplotlib is not installed."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return False
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    left, right = figure.subplots(1, 2)
    epochs = range(1, len(history) + 1)
    for axes, quantity in ((left, "loss"), (right, "accuracy")):
        for split in ("train", "dev"):
            axes.plot(epochs, [e[f"{split}_{quantity}"] for e in history], marker="o", label=split)
        axes.set_xlabel("epoch")
        axes.set_ylabel(quantity)
        axes.xaxis.get_major_locator().set_params(integer=True)
    right.axhline(majority, linestyle=":", color="gray", label="majority class, dev")
    for axes in (left, right):
        axes.legend()
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120)
    return True


def require_tensorboard() -> None:
    """Raise a ValueError where tensorboard is not installed."""
    if importlib.util.find_spec("tensorboard") is None:
        raise ValueError(
            "--tensorboard needs the package tensorboard (extra plots): pip install tensorboard"
        )


def open_tensorboard(folder: Path, purge_step: int | None) -> Any:
    """A TensorBoard writer for the folder; see `require_tensorboard`."""
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder), purge_step=purge_step)
