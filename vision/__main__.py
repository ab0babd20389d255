"""A transformer encoder for pictures: train, evaluate, show, compare."""

from __future__ import annotations

import support.early  # noqa: F401

# isort: split

import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from support import errors
from support.settings import from_arguments
from support.words import banner
from vision.compare import compare
from vision.evaluate import evaluate, fitting
from vision.settings import Settings
from vision.show import chosen, draw
from vision.sources import from_files, read
from vision.train import train
from vision.trained import Trained


@dataclass(frozen=True)
class Asked(Settings):
    """Settings with what is asked of one call alone."""

    def settings(self) -> Settings:
        """Without that."""
        return Settings(**{field.name: getattr(self, field.name) for field in fields(Settings)})


@dataclass(frozen=True)
class Train(Asked):
    """Train a model on pictures, by default a plain encoder that tells cats from dogs."""

    seeds: int = 1  # how many runs, each with a split and first weights of its own
    resume: bool = False  # go on with the newest runs of these settings


@dataclass(frozen=True)
class Compare(Asked):
    """The table: simple methods, a convolutional network, and the encoder, plain and with a stem.

    Networks that are trained already with these settings are not trained again."""

    seeds: int = 3  # how many splits, on each of which every network is trained


@dataclass(frozen=True)
class Evaluate:
    """How good a trained model is on the pictures that were held out, class by class."""

    run: str | None = None  # in runs/; None: the newest finished one
    data: Path | None = None  # other pictures, of which all are taken


@dataclass(frozen=True)
class Show:
    """Draw pictures, what a trained model takes them for, and the attention over their patches."""

    run: str | None = None  # in runs/; None: the newest finished one
    pictures: tuple[Path, ...] = ()  # files; none: some of those that were held out
    count: int = 8  # how many of those
    which: Literal["all", "right", "wrong"] = "all"  # which of those
    seed: int = 1337  # of the choice
    out: Path = Path("pictures.png")


def train_command(arguments: list[str]) -> None:
    asked = from_arguments(Train, arguments, prog="vision train")
    train(asked.settings(), asked.seeds, resume=asked.resume)


def compare_command(arguments: list[str]) -> None:
    asked = from_arguments(Compare, arguments, prog="vision compare")
    compare(asked.settings(), asked.seeds)


def evaluate_command(arguments: list[str]) -> None:
    asked = from_arguments(Evaluate, arguments, prog="vision evaluate")
    trained = Trained.load(asked.run)
    print(banner("run", f"{trained.folder}"))
    if asked.data is None:
        pictures = trained.pictures().test
    else:
        found = read(asked.data, trained.side)
        pictures = found.train if found.test is None else found.test
    evaluate(trained, pictures)


def show_command(arguments: list[str]) -> None:
    asked = from_arguments(Show, arguments, prog="vision show")
    if asked.count < 1:
        raise ValueError(f"count={asked.count}: must be at least 1")
    trained = Trained.load(asked.run)
    titles: list[str] = []
    if asked.pictures:
        pictures = from_files(asked.pictures, trained.side, trained.channels, trained.names)
        titles = [path.name for path in asked.pictures]
    else:
        held_out = fitting(trained, trained.pictures().test)
        pictures = chosen(trained, held_out, asked.count, asked.which, asked.seed)
    draw(trained, pictures, asked.out, titles)
    print(banner("wrote", f"{asked.out}, by {trained.folder}"))


COMMANDS = {
    "train": train_command,
    "evaluate": evaluate_command,
    "show": show_command,
    "compare": compare_command,
}


def main() -> None:
    parser = errors.ArgumentParser(prog="vision", description=__doc__)
    about = (
        "train: a classifier of pictures; evaluate: how good it is, class by class; show: draw "
        "pictures, predictions and attention; compare: a table with simpler methods"
    )
    parser.add_argument("command", choices=tuple(COMMANDS), help=f"{about} (each has --help)")
    command = parser.parse_args(sys.argv[1:2]).command
    COMMANDS[command](sys.argv[2:])


if __name__ == "__main__":
    errors.run(main)
