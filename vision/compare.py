"""The table: the encoder beside simpler methods, on the same splits of the same pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tqdm import tqdm

from support.processor import set_threads
from support.words import banner
from vision.baselines import logistic_regression, majority, nearest_neighbour
from vision.pictures import Split, split
from vision.settings import Architecture, Settings
from vision.train import read_aloud, spread, train_on

SIMPLE: dict[str, Callable[[Split], float]] = {
    "largest class": majority,
    "nearest neighbour": nearest_neighbour,
    "logistic regression": logistic_regression,
}
NETWORKS: dict[Architecture, str] = {
    "convolutional": "convolutional network",
    "plain": "encoder, plain",
    "stem": "encoder, with a stem",
}


def compare(settings: Settings, seeds: int) -> list[str]:
    """Train what is not trained yet, and print the table; returns its lines.

    A run that is there, with the very same settings, is taken as it is or gone on with.

    Raises:
        Interrupted, ValueError: as `train`.
    """
    settings.check()
    if seeds < 1:
        raise ValueError(f"seeds={seeds}: must be at least 1")
    if why := set_threads(settings.threads):
        print(banner("note", why))
    pictures = read_aloud(settings)
    first = settings.training.seed
    splits = [split(pictures.train, pictures.test, first + n) for n in range(seeds)]
    rows = []
    for name, method in SIMPLE.items():
        found = [method(one) for one in tqdm(splits, name, leave=False, disable=None)]
        rows.append(row(name, "", found))
        print(rows[-1])
    for architecture, name in NETWORKS.items():
        shape = replace(settings.model, architecture=architecture)
        outcomes = train_on(pictures, replace(settings, model=shape), seeds, resume=None)
        parameters = f"{outcomes[0].parameters:,}"
        rows.append(row(name, parameters, [one.test for one in outcomes]))
    size = f"{len(splits[0].train):,} to train on, {len(splits[0].test):,} to test"
    head = f"{settings.data}: {size}; accuracy on test, mean and deviation of {seeds} seeds"
    table = [head, *rows]
    print("\n" + "\n".join(table))
    return table


def row(name: str, parameters: str, found: list[float]) -> str:
    """A line of the table."""
    mean, deviation = spread(found)
    return f"  {name:<22} {parameters:>9}   {mean:.3f} +- {deviation:.3f}"
