"""A run on pictures, as its user has it: what it learns, how it goes on, what is drawn."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from data import ANIMAL_PIXELS
from support import errors
from tests.helpers import PROJECT
from tests.vision.test_sources import write_idx
from vision import __main__ as command
from vision.baselines import logistic_regression, majority, nearest_neighbour
from vision.compare import compare
from vision.convolutional import ConvolutionalNetwork
from vision.evaluate import confusions
from vision.pictures import Pictures, Split
from vision.settings import Settings, Shape, Training
from vision.show import looked_at
from vision.task import PictureTask, look_at, make_model, moved
from vision.train import train, train_on
from vision.trained import Trained

SIDE = 8
SMALL = Settings(
    data=Path("bars"),
    model=Shape(patch_size=4, d_model=16, num_heads=2, num_layers=2, d_ff=24),
    training=Training(epochs=3, batch_size=16, lr=3e-3, shift=1, flip=False),
    threads=1,
)


@pytest.fixture
def bars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with pictures of bars, which lie or stand: IDX files in `bars`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("training.log.is_installed", lambda _: False)  # pictures take seconds
    rng = np.random.default_rng(0)
    (tmp_path / "bars").mkdir()
    for name, count in (("train", 200), ("t10k", 60)):
        labels = rng.integers(0, 2, count)
        pixels = rng.integers(0, 60, (count, SIDE, SIDE))
        for picture, label in zip(pixels, labels, strict=True):
            place = rng.integers(1, SIDE - 1)
            (picture if label else picture.T)[place] += 180
        write_idx(tmp_path / "bars", name, pixels, labels)
    return tmp_path


def weights(folder: Path) -> dict[str, Tensor]:
    return torch.load(folder / "last.pt", weights_only=True)["model"]


@pytest.mark.slow
def test_it_learns_and_tells_what_came_out(bars: Path, capsys: pytest.CaptureFixture[str]) -> None:
    numbers = replace(SMALL.training, epochs=8)
    [one, other] = train(replace(SMALL, training=numbers), seeds=2)
    assert min(one.test, other.test) > 0.8
    assert (one.seed, other.seed) == (1337, 1338)
    assert one.folder == Path("runs/vision-bars-plain-seed1337-epochs8")
    found = json.loads((one.folder / "metrics.json").read_text())
    assert found["test"]["accuracy"] == one.test
    assert found["test"]["pictures"] == 60
    assert len(found["epochs"]) == 8
    best = max(found["epochs"], key=lambda each: (each["Accuracy/dev"], -each["Loss/dev"]))
    assert found["epochs"][found["best_epoch"] - 1] == best
    told = capsys.readouterr().out
    mean = (one.test + other.test) / 2
    assert f"test accuracy {mean:.3f} +- " in told
    trained = Trained.load(one.folder.name)
    assert look_at(trained.model, trained.pictures().test).accuracy == one.test
    assert not trained.model.training


@pytest.mark.slow
def test_a_run_that_goes_on_equals_an_unbroken_one(
    bars: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted in the second epoch, in the middle of which its state was saved."""
    [whole] = train(SMALL)
    done, loss = 0, PictureTask.loss

    def interrupted(self: PictureTask, batch: Pictures) -> Any:
        nonlocal done
        done += 1
        if done == 18:
            raise KeyboardInterrupt
        return loss(self, batch)

    monkeypatch.setattr(PictureTask, "loss", interrupted)
    settings = replace(SMALL, save_minutes=0.0)  # saves after each step
    (bars / "runs").rename(bars / "first")
    with pytest.raises(KeyboardInterrupt):
        train(settings)
    monkeypatch.setattr(PictureTask, "loss", loss)
    [resumed] = train(settings, resume=True)
    one, other = weights(bars / "first" / whole.folder.name), weights(resumed.folder)
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert resumed.test == whole.test
    assert train(settings, resume=True) == [resumed]  # finished: it stays


def test_finished_seeds_stay_and_the_others_are_trained(bars: Path) -> None:
    [first] = train(SMALL)
    when = first.folder.joinpath("metrics.json").stat().st_mtime_ns
    outcomes = train(SMALL, seeds=2, resume=True)
    assert outcomes[0] == first
    assert first.folder.joinpath("metrics.json").stat().st_mtime_ns == when
    assert outcomes[1].seed == first.seed + 1


@pytest.mark.parametrize("architecture", ["plain", "stem", "convolutional"])
def test_every_architecture_overfits_a_few(architecture: Any) -> None:
    torch.manual_seed(0)
    pixels = torch.randint(0, 256, (12, 1, 8, 8), dtype=torch.uint8)
    pictures = Pictures(pixels, torch.arange(12) % 3, ("a", "b", "c"))
    model = make_model(replace(SMALL.model, architecture=architecture, dropout=0.0), 8, 1, 3)
    model.learn(pictures)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(60):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(pixels), pictures.labels).backward()
        optimizer.step()
    model.train()
    assert (model(pixels).argmax(dim=-1) == pictures.labels).all()


def test_the_convolutional_peer_has_as_many_parameters() -> None:
    for size in (20_000, 100_000):
        network = ConvolutionalNetwork.of_size(size, 3, 10)
        assert sum(p.numel() for p in network.parameters()) == pytest.approx(size, rel=0.1)


def test_pictures_are_moved_by_whole_pixels_and_mirrored() -> None:
    """A bright pixel in the middle lands anywhere within reach, as often as anywhere else."""
    torch.manual_seed(0)
    pixels = torch.zeros(4000, 2, 9, 9, dtype=torch.uint8)
    pixels[:, 0, 4, 4] = pixels[:, 1, 4, 6] = 1
    found = moved(pixels, 1, flip=True)
    assert found.sum(dim=(2, 3)).eq(1).all()
    assert found.dtype == torch.uint8
    place = found[:, 0].flatten(1).argmax(dim=1)
    beside = found[:, 1].flatten(1).argmax(dim=1) - place
    assert beside.unique().tolist() == [-2, 2]  # both channels move together
    assert 0.45 < (beside == 2).double().mean() < 0.55
    shares = torch.stack((place // 9, place % 9), dim=1).unique(dim=0, return_counts=True)
    assert shares[0].tolist() == [[y, x] for y in (3, 4, 5) for x in (3, 4, 5)]
    assert (shares[1] / 4000 - 1 / 9).abs().max() < 0.02
    assert torch.equal(moved(pixels, 0, flip=False), pixels)
    edge = torch.zeros(50, 1, 4, 4, dtype=torch.uint8)
    edge[..., 0] = 1  # a bright edge grows where the picture moves away from it
    assert {1, 2} <= set(moved(edge, 1, flip=False).sum(dim=(1, 2, 3)).div(4).int().tolist())


def test_simple_methods() -> None:
    """On pictures whose class is their brightness all but the first are perfect."""
    torch.manual_seed(0)
    labels = torch.tensor([0, 0, 1, 2] * 12)
    pixels = (labels[:, None, None, None] * 100 + torch.randint(0, 40, (48, 1, 5, 5))).byte()
    pictures = Pictures(pixels, labels, ("dark", "grey", "light"))
    divided = Split(
        pictures[list(range(24))], pictures[list(range(24, 36))], pictures[[*range(36, 48)]]
    )
    assert majority(divided) == 0.5
    assert nearest_neighbour(divided) == 1.0
    assert logistic_regression(divided) == 1.0
    others = replace(divided.test, labels=(labels[36:] + 1) % 3)
    assert nearest_neighbour(divided._replace(test=others)) == 0.0


def test_confusions_are_counted_by_row() -> None:
    table = confusions(torch.tensor([0, 0, 1, 2, 2]), torch.tensor([0, 1, 1, 0, 0]), 3)
    assert table.tolist() == [[1, 1, 0], [0, 1, 0], [2, 0, 0]]


@pytest.mark.slow
def test_the_table(bars: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = compare(SMALL, seeds=2)
    assert [line[2:24].strip() for line in lines[1:]] == [
        *("largest class", "nearest neighbour", "logistic regression"),
        *("convolutional network", "encoder, plain", "encoder, with a stem"),
    ]
    folders = sorted((bars / "runs").iterdir())
    assert len(folders) == 6
    assert compare(SMALL, seeds=2) == lines  # nothing is trained again
    assert sorted((bars / "runs").iterdir()) == folders
    other = replace(SMALL, training=replace(SMALL.training, lr=1e-3))
    train_on(command.read(SMALL.data, SIDE), other)
    assert compare(SMALL, seeds=2) == lines  # a run of other settings beside them does no harm


def run(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("sys.argv", ["vision", *arguments])
    try:
        errors.run(command.main)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_the_commands(
    bars: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = [
        "--data",
        "bars",
        "--threads",
        "1",
        "--model.d-model",
        "16",
        "--model.num-heads",
        "2",
        "--model.d-ff",
        "8",
    ]
    flags += ["--training.epochs", "2", "--training.no-flip"]
    assert run("train", *flags, monkeypatch=monkeypatch) == 0
    assert run("evaluate", monkeypatch=monkeypatch) == 0
    told = capsys.readouterr().out
    assert "setting   data=bars (was cats-dogs)" in told
    assert "60 pictures" in told
    pytest.importorskip("matplotlib")
    assert run("show", "--count", "3", "--which", "all", monkeypatch=monkeypatch) == 0
    image = pytest.importorskip("PIL.Image").open("pictures.png")
    assert image.width > 300
    image.convert("L").resize((20, 30)).save("mine.jpg")
    assert run("show", "--pictures", "mine.jpg", "--out", "m.png", monkeypatch=monkeypatch) == 0
    assert Path("m.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--data", "none"], "none: no such folder or zip; there are also cats-dogs"),
        (["train", "--data", "bars", "--model.patch-size", "3"], "img_size=8: must be a multiple"),
        (["train", "--data", "bars", "--training.epochs", "0"], "epochs=0: must be at least 1"),
        (["train", "--data", "bars", "--training.min-lr", "1"], "training.min_lr=1.0: must be"),
        (["train", "--data", "bars", "--seeds", "0"], "seeds=0: must be at least 1"),
        (["compare", "--data", "bars", "--seeds", "0"], "seeds=0: must be at least 1"),
        (["evaluate"], "no finished run runs/vision-...: train one first, or name one"),
        (["show", "--count", "0"], "count=0: must be at least 1"),
        (["train", "--side", "many"], "side"),
        (["see"], "invalid choice: 'see'"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_line_and_leaves_nothing(
    arguments: list[str],
    message: str,
    bars: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(*arguments, monkeypatch=monkeypatch) == 2
    told = capsys.readouterr().err
    assert message in told
    assert "Traceback" not in told
    assert not (bars / "runs").exists()


def test_what_has_changed_since_is_refused(bars: Path) -> None:
    [done] = train(replace(SMALL, training=replace(SMALL.training, epochs=1)))
    trained = Trained.load()
    path = bars / "bars" / "t10k-labels-idx1-ubyte"
    (bars / "bars" / "train-labels-idx1-ubyte.gz").write_bytes(
        path.read_bytes()[:4] + (200).to_bytes(4, "big") + bytes(100) + bytes([1]) * 100
    )
    with pytest.raises(ValueError, match="damaged|has changed since"):
        trained.pictures()
    (done.folder / "config.json").write_text("{}")
    with pytest.raises(ValueError, match="damaged .* train anew"):
        Trained.load()


def test_attention_by_patch_is_an_even_share_of_one() -> None:
    model = make_model(SMALL.model, 8, 1, 2)
    looks = looked_at(model.model, torch.randn(3, 1, 8, 8))  # type: ignore[arg-type]
    assert looks.shape == (2, 3, 2, 2)
    torch.testing.assert_close(looks.mean(dim=(2, 3)), torch.ones(2, 3))


@pytest.mark.slow
def test_a_few_epochs_tell_cats_from_dogs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not ANIMAL_PIXELS.exists():
        pytest.skip("set-up fetches the silhouettes: bash setup.sh")
    monkeypatch.chdir(tmp_path)
    shape = Shape(architecture="stem", d_model=32, d_ff=64, num_layers=1)
    [done] = train(Settings(model=shape, training=Training(epochs=6, lr=3e-3), threads=1))
    assert done.test > 0.7


def test_the_photographs_of_shared_are_read() -> None:
    path = PROJECT.parent / "shared" / "data" / "cats-dogs-32.zip"
    if not path.exists():
        pytest.skip("../shared/data/cats-dogs-32.zip is not here")
    pytest.importorskip("PIL")
    found = command.read(path, 32)
    assert found.test is not None
    assert len(found.train) > 4900
    assert len(found.test) > 1900
