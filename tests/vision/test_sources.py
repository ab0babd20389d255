"""Pictures from wherever they come, what is wrong with them, and how they are divided."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

import vision.sources
from data import ANIMAL_PIXELS
from vision.pictures import Pictures, split, without_copies
from vision.sources import from_hub, photographs, read, silhouettes

Image = pytest.importorskip("PIL.Image", reason="Pillow (extra vision) is not installed")
RED, BLUE = (250, 0, 0), (0, 0, 250)
BROKEN = b"\xff\xd8\xff\xe0 and no picture"


def file(colour: tuple[int, ...] = RED, size: tuple[int, int] = (9, 7), kind: str = "PNG") -> bytes:
    """A picture of one colour."""
    buffer = io.BytesIO()
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[len(colour)]
    Image.new(mode, size, colour[0] if mode == "L" else colour).save(buffer, kind)
    return buffer.getvalue()


def several(colour: tuple[int, int, int], count: int = 6) -> list[bytes]:
    """Pictures of which no two are alike."""
    return [file((max(colour[0] - n, 0), n, max(colour[2] - n, 0))) for n in range(count)]


def class_files() -> dict[str, bytes]:
    """Six reds and six blues, by class."""
    return {
        f"{kind}/{number}.png": content
        for kind, colour in (("red", RED), ("blue", BLUE))
        for number, content in enumerate(several(colour))
    }


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def unpacked(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_a_folder_and_its_zip_are_read_alike(tmp_path: Path) -> None:
    files = class_files() | {
        "red/Thumbs.db": b"x",
        "__MACOSX/red/._1.png": b"x",
    }
    folder = unpacked(tmp_path / "test", files | {"alone.png": file()})  # whatever it is called
    one = photographs(folder, 8)
    other = photographs(
        zipped(tmp_path / "colours.zip", {f"top/{n}": x for n, x in files.items()}), 8
    )
    for found in (one, other):
        assert found.train.names == ("blue", "red")
        assert found.train.pixels.shape == (12, 3, 8, 8)
        assert found.test is None
        assert found.notes == []
    assert one.train.digest == other.train.digest
    reds = one.train.pixels[one.train.labels == 1].float().mean(dim=(0, 2, 3))
    assert reds[0] > 240
    assert reds[2] < 10


def test_what_cannot_be_decoded_is_skipped_and_counted(tmp_path: Path) -> None:
    files = class_files() | {
        "red/broken.jpg": BROKEN,
        "red/empty.png": b"",
        "blue/cut.png": file(size=(80, 80))[:90],
    }
    found = photographs(unpacked(tmp_path, files), 8)
    assert len(found.train) == 12
    assert found.notes == ["3 files could not be read as pictures, and are left out"]


def test_every_kind_of_picture_becomes_square_and_upright(tmp_path: Path) -> None:
    """Grey, transparent, wide, and one that its camera says to turn."""
    turned = Image.new("RGB", (40, 20), RED)
    turned.paste(BLUE, (0, 0, 40, 10))  # the upper half: on the right, once it is upright
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it clockwise
    turned.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    files = {
        "a/grey.png": file((90,)),
        "a/clear.png": file((1, 2, 3, 4)),
        "a/moving.gif": file(RED, kind="GIF"),
        "b/wide.jpg": file(BLUE, (300, 20), "JPEG"),
        "b/turned.jpg": (tmp_path / "turned.jpg").read_bytes(),
    }
    found = photographs(zipped(tmp_path / "kinds.zip", files), 16).train
    assert found.pixels.shape == (5, 3, 16, 16)
    turned_pixels = found.pixels[3].float()  # b/turned.jpg, after the three of a
    assert turned_pixels[2, :, 12:].mean() > 200  # blue on the right
    assert turned_pixels[0, :, :4].mean() > 200  # red on the left


def test_what_the_data_hold_out_stays_held_out(tmp_path: Path) -> None:
    files = {f"set/train/{name}": content for name, content in class_files().items()}
    files["set/test/red/new.png"] = file((99, 99, 99))
    files["set/test/red/copy.png"] = files["set/train/red/0.png"]
    found = read(zipped(tmp_path / "set.zip", files), 8)
    assert found.test is not None
    assert (len(found.train), len(found.test)) == (11, 2)  # the copy is not trained on
    assert found.notes == ["1 exact copies left out"]
    divided = split(found.train, found.test, seed=0)
    assert divided.test is found.test
    assert len(divided.dev) == 1
    assert len(divided.train) == 10


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"notes.txt": b"x"}, "no picture to train on"),
        ({"red/1.png": BROKEN}, r"no picture to train on \(1 could not be read\)"),
        ({f"red/{n}.png": x for n, x in enumerate(several(RED))}, "of 1 classes: it takes at"),
        ({f"{n}/1.png": x for n, x in enumerate(several(RED, 2))}, "2 pictures of 2 classes"),
    ],
    ids=["none", "all-broken", "one-class", "too-few"],
)
def test_too_little_is_an_error(tmp_path: Path, files: dict[str, bytes], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        split(read(unpacked(tmp_path, files), 8).train, None, seed=0)


def test_a_damaged_zip_and_a_missing_folder_are_errors(tmp_path: Path) -> None:
    path = zipped(tmp_path / "whole.zip", class_files())
    cut = tmp_path / "cut.zip"
    cut.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ValueError, match=r"cut.zip: no zip, or damaged .* give a folder or zip"):
        read(cut, 8)
    spoilt = bytearray(path.read_bytes())
    spoilt[60] ^= 255  # inside the first member
    cut.write_bytes(spoilt)
    with pytest.raises(ValueError, match="cut.zip: no zip, or damaged"):
        read(cut, 8)
    with pytest.raises(
        ValueError, match="nowhere: no such folder or zip; there are also cats-dogs"
    ):
        read(Path("nowhere"), 8)


def write_idx(folder: Path, split_name: str, pixels: np.ndarray, labels: np.ndarray) -> None:
    for kind, array in (("images", pixels), ("labels", labels)):
        head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
        name = f"{split_name}-{kind}-idx{array.ndim}-ubyte"
        content = head + array.astype(np.uint8).tobytes()
        if split_name == "train":
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)


def test_idx_files_are_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pixels, labels = rng.integers(0, 256, (30, 6, 6)), rng.permutation(30) % 3
    write_idx(tmp_path, "train", pixels[:20], labels[:20])
    write_idx(tmp_path, "t10k", pixels[20:], labels[20:])
    found = read(tmp_path, 32)
    assert found.test is not None
    assert found.train.names == ("0", "1", "2")
    assert torch.equal(found.train.pixels[:, 0], torch.from_numpy(pixels[:20]).byte())
    assert torch.equal(found.test.labels, torch.from_numpy(labels[20:]))
    name = tmp_path / "t10k-images-idx3-ubyte"
    name.write_bytes(name.read_bytes()[:-1])
    with pytest.raises(ValueError, match="t10k-images-idx3-ubyte: no IDX file .* or cut short"):
        read(tmp_path, 32)
    name.unlink()
    with pytest.raises(ValueError, match="t10k-images-idx3-ubyte: is not here"):
        read(tmp_path, 32)
    gz = tmp_path / "train-images-idx3-ubyte.gz"
    gz.write_bytes(gz.read_bytes()[:-20])
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte.gz: damaged"):
        read(tmp_path, 32)


def test_the_silhouettes() -> None:
    if not ANIMAL_PIXELS.exists():
        pytest.skip("set-up fetches the silhouettes: bash setup.sh")
    animals = silhouettes(vision.sources.ANIMALS)
    assert animals.pixels.shape == (10_000, 1, 28, 28)
    assert animals.labels.bincount().tolist() == [1000] * 10
    assert len(animals) - len(without_copies(animals)) == 284
    found = read(Path("cats-dogs"), 32)
    assert found.notes == ["11 exact copies left out"]
    assert len(found.train) == 1989
    assert found.train.names == ("cat", "dog")


def test_a_data_set_of_hugging_face(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One in a folder, as others publish them: its picture and class are found by their types."""
    datasets = pytest.importorskip("datasets", reason="the extra datasets is not installed")
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    columns = {"number": datasets.Value("int64"), "photo": datasets.Image()}
    columns["animal"] = datasets.ClassLabel(names=["dog", "cat"])
    contents = [*several(RED), *several(BLUE), BROKEN]
    rows: dict[str, list] = {
        "number": list(range(13)),
        "photo": [{"bytes": x, "path": None} for x in contents],
    }
    rows["animal"] = [0] * 6 + [1] * 7
    features = datasets.Features(columns)
    for name, part in (("train", range(13)), ("validation", [0, 6])):
        chosen = {key: [values[n] for n in part] for key, values in rows.items()}
        datasets.Dataset.from_dict(chosen, features).to_parquet(tmp_path / f"{name}.parquet")
    found = from_hub(str(tmp_path), 8)
    assert found.train.names == ("cat", "dog")
    assert found.train.labels.tolist() == [1] * 6 + [0] * 6
    assert found.notes == ["1 files could not be read as pictures, and are left out"]
    assert found.test is not None
    assert found.test.labels.tolist() == [1, 0]
    other = tmp_path / "other"
    other.mkdir()
    datasets.Dataset.from_dict({"text": ["a"]}).to_parquet(other / "train.parquet")
    with pytest.raises(ValueError, match="has text, and no picture with a class"):
        from_hub(str(other), 8)


def test_a_name_that_the_hub_does_not_have_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(name: str) -> None:
        raise ConnectionError(f"{name} is out of reach")

    pytest.importorskip("datasets", reason="the extra datasets is not installed")
    monkeypatch.setattr("datasets.load_dataset", offline)
    message = r"nobody/nothing: cannot be had \(.* out of reach\); give a folder or zip"
    with pytest.raises(ValueError, match=message):
        read(Path("nobody/nothing"), 8)


def test_a_split_is_decided_by_the_seed_and_leaves_nothing_out() -> None:
    pixels = torch.arange(100, dtype=torch.uint8)[:, None, None, None].expand(-1, 1, 2, 2)
    pictures = Pictures(pixels, torch.arange(100) % 3, ("a", "b", "c"))
    one, again, other = (split(pictures, None, seed) for seed in (0, 0, 1))
    assert [len(part) for part in one] == [70, 10, 20]
    every = torch.cat([part.pixels[:, 0, 0, 0] for part in one])
    assert every.sort().values.tolist() == list(range(100))
    assert torch.equal(one.test.pixels, again.test.pixels)
    assert not torch.equal(one.test.pixels, other.test.pixels)
    assert torch.equal(one.train.labels, one.train.pixels[:, 0, 0, 0].long() % 3)
