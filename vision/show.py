"""Pictures, what a trained model takes them for, and where its patches look."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from support.files import atomic_path
from vision.encoder import TransformerEncoder
from vision.pictures import Pictures
from vision.task import look_at
from vision.trained import Trained

RIGHT, WRONG = "#1a7f37", "#cf222e"


def looked_at(encoder: TransformerEncoder, inputs: Tensor) -> Tensor:
    """How much each patch is looked at in each layer, on average over all heads and patches.

    Returns:
        (layers, B, rows, columns); 1 where a patch gets as much as if all looked evenly.
    """
    maps = encoder.attention_maps(inputs)  # (layers, B, H, T, T)
    looks = maps.mean(dim=(2, 3))  # (layers, B, T)
    side = round(looks.shape[-1] ** 0.5)
    return (looks * looks.shape[-1]).unflatten(-1, (side, side))


def draw(trained: Trained, pictures: Pictures, out: Path, titles: Sequence[str] = ()) -> None:
    """Draw pictures in a row, and below each a layer's attention, for each layer.

    Args:
        titles: of the pictures, where their labels are not known.

    Raises:
        ValueError: matplotlib is missing.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ValueError("drawing needs the package matplotlib (extra plots)") from error
    found = look_at(trained.model, pictures)
    maps = None
    if isinstance(trained.model.model, TransformerEncoder):
        maps = looked_at(trained.model.model, trained.model.normalise(pictures.pixels))
    rows = 1 if maps is None else 1 + len(maps)
    columns = len(pictures)
    figure = Figure(figsize=(1.4 * columns + 0.8, 1.5 * rows + 0.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False)
    extent = (0, trained.side, trained.side, 0)
    for column in range(columns):
        picture = pictures.pixels[column].permute(1, 2, 0).numpy()
        grey = picture[..., 0] if trained.channels == 1 else picture.mean(axis=-1)
        axes[0, column].imshow(picture.squeeze(), cmap="gray", extent=extent)
        chance, taken = found.probabilities[column].max(dim=0)
        words = f"{trained.names[int(taken)]} {chance:.2f}"
        if titles:
            axes[0, column].set_title(f"{titles[column]}\n{words}", fontsize=9)
        else:
            colour = RIGHT if taken == pictures.labels[column] else WRONG
            axes[0, column].set_title(words, fontsize=9, color=colour)
        for layer in range(rows - 1):
            axis = axes[layer + 1, column]
            assert maps is not None
            axis.imshow(grey, cmap="gray", alpha=0.5, extent=extent)
            image = axis.imshow(
                maps[layer, column].numpy(), cmap="magma", alpha=0.6, extent=extent, vmin=0,
                vmax=float(maps[layer].max()),
            )  # fmt: skip
            if not column:
                axis.set_ylabel(f"layer {layer + 1}", fontsize=9)
            if column == columns - 1:
                figure.colorbar(image, ax=axis, shrink=0.8)
    for axis in axes.flat:
        axis.set_xticks([])
        axis.set_yticks([])
    words = "attention: how much each patch is looked at, 1 being its even share"
    head = f"{trained.folder.name}" + f"\n{words}" * (rows > 1)
    figure.suptitle(head, fontsize=10, parse_math=False)
    with atomic_path(out) as temporary:
        figure.savefig(temporary, format="png", dpi=130)


def chosen(trained: Trained, pictures: Pictures, count: int, which: str, seed: int) -> Pictures:
    """Some pictures at random: of all, of those taken for what they are, or of the others."""
    taken = look_at(trained.model, pictures).probabilities.argmax(dim=-1)
    right = taken == pictures.labels
    wanted = {"all": torch.ones_like(right), "right": right, "wrong": ~right}[which].nonzero()[:, 0]
    order = torch.randperm(len(wanted), generator=torch.Generator().manual_seed(seed))
    return pictures[wanted[order[:count]]]
