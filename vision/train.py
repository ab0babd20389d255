"""Training on pictures: one run, or several that differ in nothing but the seed."""

from __future__ import annotations

import contextlib
import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from support.files import read_json
from support.processor import choose_device, set_threads
from support.settings import differences
from support.words import banner, count_in_words
from training.log import RunLog, open_log
from training.recipe import Recipe
from training.run import Run, open_run, resumable
from training.schedule import cosine_schedule
from training.trainer import Trainer, state_bytes
from vision.pictures import split
from vision.settings import Settings
from vision.sources import Read, read
from vision.task import PictureTask, look_at, make_model

KIND = "vision-"  # what the names of runs begin with
FREE = ("threads", "device", "save_minutes")  # what may change when a run goes on


@dataclass(frozen=True)
class Outcome:
    """A finished run."""

    folder: Path
    seed: int
    parameters: int
    dev: float  # accuracy of the best epoch
    test: float


def train(settings: Settings, seeds: int = 1, *, resume: bool = False) -> list[Outcome]:
    """Train once, or with several seeds in a row, each of which makes a split of its own.

    With `resume` those that are finished stay, and the one that is not goes on.

    Raises:
        Interrupted: Ctrl-C or SIGTERM came; the state is saved.
        ValueError: a setting is out of range, the data cannot be read or do not fit the model,
            there is no room on the disk, or the loss is no number any more.
    """
    settings.check()
    if seeds < 1:
        raise ValueError(f"seeds={seeds}: must be at least 1")
    if why := set_threads(settings.threads):
        print(banner("note", why))
    for line in differences(settings, Settings()):
        print(banner("setting", line))
    pictures = read_aloud(settings)
    return train_on(pictures, settings, seeds, resume=resume)


def read_aloud(settings: Settings) -> Read:
    """Read the data, and say what there is of them."""
    found = read(settings.data, settings.side)
    some, names = found.train, found.train.names
    kinds = ", ".join(names) if len(names) <= 10 else f"{names[0]} to {names[-1]}"
    size = f"{some.side} x {some.side} x {some.channels}"
    words = f"{settings.data}: {len(some):,} of {size}, {len(names)} classes: {kinds}"
    held_out = f"; {len(found.test):,} held out as they came" if found.test else ""
    print(banner("pictures", words + held_out))
    for note in found.notes:
        print(banner("note", note))
    return found


def train_on(
    pictures: Read, settings: Settings, seeds: int = 1, *, resume: bool | None = False
) -> list[Outcome]:
    """The same on pictures that are read already; `resume` is that of `open_run`."""
    outcomes = []
    first = settings.training.seed
    for seed in range(first, first + seeds):
        numbers = replace(settings.training, seed=seed)
        outcomes.append(_train(pictures, replace(settings, training=numbers), resume))
    if seeds > 1:
        mean, deviation = spread([one.test for one in outcomes])
        single = ", ".join(f"{one.test:.3f}" for one in outcomes)
        words = f"test accuracy {mean:.3f} +- {deviation:.3f} over {seeds} seeds ({single})"
        print(banner("all", words))
    return outcomes


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation, of a sample; 0 where there is one."""
    return statistics.mean(values), statistics.stdev(values) if len(values) > 1 else 0.0


def _train(pictures: Read, settings: Settings, resume: bool | None) -> Outcome:
    numbers, place = settings.training, choose_device(settings.device)
    divided = split(pictures.train, pictures.test, numbers.seed)
    recipe = Recipe(
        epochs=numbers.epochs,
        lr=numbers.lr,
        batch_size=numbers.batch_size,
        seed=numbers.seed,
        weight_decay=numbers.weight_decay,
    )
    torch.manual_seed(numbers.seed)
    some = divided.train
    model = make_model(settings.model, some.side, some.channels, len(some.names))
    model.learn(some)
    model.to(place)
    parameters = sum(p.numel() for p in model.parameters())
    setting = json.loads(json.dumps(asdict(settings), default=str))
    setting |= {"pictures": some.digest, "threads": torch.get_num_threads()}
    kind = f"{KIND}{settings.data.stem}-{settings.model.architecture}-seed{numbers.seed}-"
    name = f"epochs{numbers.epochs}"
    run = open_run(kind, name, setting, state_bytes(model), resume=resume, free=FREE)
    if run.metrics.exists():
        print(banner("finished", f"{run.folder} is, and stays"))
        return outcome(run)
    print(banner("model", f"{settings.model.architecture}, {parameters:,} parameters"))
    task = PictureTask(model, divided, numbers, place)
    steps = recipe.epochs * -(-task.size // recipe.batch_size)
    trainer = Trainer(
        task,
        recipe,
        run,
        schedule=lambda step: cosine_schedule(
            step, numbers.lr, numbers.min_lr, round(numbers.warmup_share * steps), steps
        ),
        max_norm=numbers.max_norm,
    )
    with run:
        if run.last.exists():
            trainer.resume()
            print(banner("resumed", f"{run.folder}, after {count_in_words(trainer.step, 'step')}"))
            run.change(**{name: setting[name] for name in FREE})
        majority = divided.dev.labels.bincount().max().item() / len(divided.dev)
        levels = {"Accuracy": ("majority class, dev", majority)}
        log = open_log(run, (trainer.step, trainer.progress.epoch), asdict(recipe), levels)
        with contextlib.closing(log), resumable(run):
            trainer.train(60 * settings.save_minutes, log)
            finish(trainer, task, log)
    return outcome(run)


def finish(trainer: Trainer, task: PictureTask, log: RunLog) -> None:
    """Say what the best epoch makes of the pictures that nothing has seen, and write it down."""
    run, best, pictures = trainer.run, trainer.progress.best_epoch, task.pictures
    trainer.load_best()
    dev = trainer.progress.history[best - 1]["Accuracy/dev"]
    test = look_at(task.model, pictures.test, task.device)
    log.add(trainer.step, {"Loss/test": test.loss, "Accuracy/test": test.accuracy}, best)
    log.close({"best_dev_accuracy": dev, "best_epoch": best})
    count = f"{len(pictures.test):,} pictures"
    print(
        banner("best", f"epoch {best}: dev accuracy {dev:.3f}, test {test.accuracy:.3f}, {count}")
    )
    run.finish(
        {
            "epochs": trainer.progress.history,
            "best_epoch": best,
            "names": list(pictures.train.names),
            "side": pictures.train.side,
            "channels": pictures.train.channels,
            "parameters": sum(p.numel() for p in task.model.parameters()),
            "dev": {"accuracy": dev},
            "test": {"accuracy": test.accuracy, "loss": test.loss, "pictures": len(pictures.test)},
        }
    )
    print(banner("finished", f"{run.folder}; python -m vision show draws what it sees"))


def outcome(run: Run) -> Outcome:
    """Of a run that is finished."""
    found = read_json(run.metrics)
    return Outcome(
        run.folder,
        run.setting["training"]["seed"],
        found["parameters"],
        found["dev"]["accuracy"],
        found["test"]["accuracy"],
    )
