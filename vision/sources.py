"""Where pictures come from: set-up, a folder or zip of photographs, IDX files, Hugging Face."""

from __future__ import annotations

import gzip
import io
import math
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from data import ANIMAL_LABELS, ANIMAL_PIXELS
from support.files import read_bytes
from vision.pictures import Pictures, without_copies

# The silhouettes that set-up fetches: both files are pickles of one array, which are not unpickled,
# since that could run anything. The numbers lie in them as they are, behind a head of this length.
ANIMALS = (
    *("bear", "bird", "cat", "cow", "dog"),
    *("elephant", "giraffe", "horse", "sheep", "zebra"),
)
ANIMAL_SHAPE = (10_000, 28, 28)
PIXELS_START, LABELS_START = 150, 146  # bytes
SILHOUETTES = {"cats-dogs": ("cat", "dog"), "animals": ANIMALS}  # names that `read` knows

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".ppm", ".tif", ".tiff")
TRAIN = ("train", "training")
HELD_OUT = ("test", "val", "valid", "validation")  # the names of folders and splits, best first
HUB = "Hugging Face's datasets by their names, such as microsoft/cats_vs_dogs"


@dataclass
class Read:
    """What was read."""

    train: Pictures
    test: Pictures | None  # None: the data hold none out
    notes: list[str] = field(default_factory=list)  # what was left out, in words


def read(data: Path, side: int) -> Read:
    """Read pictures, each once; what is held out is not among those to train on.

    Args:
        data: a name of SILHOUETTES; a folder or zip of photographs, by class; a folder with IDX
            files, as MNIST has them; or a name on Hugging Face's hub.
        side: of photographs, which are cut square and scaled to it, in pixels.

    Raises:
        ValueError: there is nothing of the kind, no picture in it, or a package is missing.
    """
    found = _read(data, side)
    before = len(found.train) + len(found.test or ())
    if found.test:
        found.test = without_copies(found.test)
    found.train = without_copies(found.train, found.test)
    if copies := before - len(found.train) - len(found.test or ()):
        found.notes.append(f"{copies:,} exact copies left out")
    return found


def _read(data: Path, side: int) -> Read:
    if str(data) in SILHOUETTES:
        return Read(silhouettes(SILHOUETTES[str(data)]), None)
    if data.is_dir() and any(data.glob("*-idx?-ubyte*")):
        return Read(idx(data, "train"), idx(data, "t10k"))
    if data.exists():
        return photographs(data, side)
    if len(data.parts) == 2:
        return from_hub(data.as_posix(), side)
    raise ValueError(
        f"{data}: no such folder or zip; there are also {', '.join(SILHOUETTES)}, and {HUB}"
    )


def silhouettes(wanted: tuple[str, ...]) -> Pictures:
    """Some of the ten animals, black on white, 28 x 28."""
    count = math.prod(ANIMAL_SHAPE)
    pixels = _array(ANIMAL_PIXELS, np.uint8, count, PIXELS_START).reshape(ANIMAL_SHAPE)
    labels = _array(ANIMAL_LABELS, np.int64, ANIMAL_SHAPE[0], LABELS_START)
    rows = np.isin(labels, [ANIMALS.index(name) for name in wanted])
    renumbered = {ANIMALS.index(name): label for label, name in enumerate(wanted)}
    return Pictures(
        torch.from_numpy(pixels[rows])[:, None],
        torch.tensor([renumbered[label] for label in labels[rows].tolist()]),
        wanted,
    )


def _array(path: Path, dtype: Any, count: int, start: int) -> np.ndarray:
    """Numbers from the middle of a gzipped file."""
    return np.frombuffer(_gunzipped(path, "bash setup.sh fetches it"), dtype, count, start)


def _gunzipped(path: Path, remedy: str) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except FileNotFoundError as error:
        raise ValueError(f"{path}: is not here; {remedy}") from error
    except (OSError, EOFError) as error:
        raise ValueError(f"{path}: damaged ({error}); {remedy}") from error


def idx(folder: Path, split: str) -> Pictures:
    """MNIST's form, also Fashion-MNIST's: two zero bytes, the type, the number of axes, the sizes.

    http://yann.lecun.com/exdb/mnist; a file may be gzipped.

    Raises:
        ValueError: a file is missing, damaged or of another form.
    """
    arrays = []
    for kind, axes in (("images", 3), ("labels", 1)):
        name = f"{split}-{kind}-idx{axes}-ubyte"
        path = next(iter(sorted(folder.glob(f"{name}*"))), folder / name)
        content = _gunzipped(path, "copy the four files anew")
        sizes = np.frombuffer(content[4 : 4 * (axes + 1)], ">u4").tolist()
        if content[:4] != bytes([0, 0, 8, axes]) or len(content) != 4 * (axes + 1) + math.prod(
            sizes
        ):
            raise ValueError(f"{path}: no IDX file of bytes with {axes} axes, or cut short")
        arrays.append(np.frombuffer(content, np.uint8, offset=4 * (axes + 1)).reshape(sizes))
    pixels, labels = arrays
    if len(pixels) != len(labels) or pixels.shape[1] != pixels.shape[2]:
        raise ValueError(f"{folder}: {pixels.shape} pixels and {len(labels)} labels do not fit")
    names = tuple(str(label) for label in range(int(labels.max()) + 1))
    return Pictures(
        torch.from_numpy(pixels.copy())[:, None], torch.from_numpy(labels.astype(np.int64)), names
    )


def photographs(path: Path, side: int) -> Read:
    """Pictures in a folder or zip, each in a folder with the name of its class.

    Those may lie in a folder `train`, and others in one `test`, `val` or `validation`. What is no
    picture is ignored; what cannot be decoded is skipped and counted.

    Raises:
        ValueError: there is no picture, or a zip is damaged.
    """
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if _is_picture(p.relative_to(path).as_posix()))
        contents: Iterable[tuple[str, bytes]] = (
            (f.relative_to(path).as_posix(), f.read_bytes()) for f in files
        )
        return _decoded(contents, len(files), path.name, side)
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(name for name in archive.namelist() if _is_picture(name))
            contents = ((name, archive.read(name)) for name in names)
            return _decoded(contents, len(names), path.name, side)
    except zipfile.BadZipFile as error:
        raise ValueError(f"{path}: no zip, or damaged ({error}); give a folder or zip") from error


def _is_picture(name: str) -> bool:
    """Whether it is one in a folder, and not what macOS puts into a zip beside each file."""
    parts = PurePosixPath(name).parts
    hidden = any(part.startswith((".", "__")) for part in parts)
    return name.lower().endswith(SUFFIXES) and len(parts) > 1 and not hidden


def _decoded(contents: Iterable[tuple[str, bytes]], count: int, place: str, side: int) -> Read:
    """Pictures by the names of their files: .../split/class/file."""

    def rows() -> Iterator[tuple[str, str, bytes]]:
        for name, content in contents:
            *above, kind, _file = ("", *PurePosixPath(name).parts)
            yield above[-1].lower() if above else "", kind, content

    return gathered(rows(), count, place, side)


def gathered(rows: Iterable[tuple[str, str, bytes]], count: int, place: str, side: int) -> Read:
    """Decode pictures, several at once, and sort them into what is trained on and what is held out.

    Args:
        rows: the split, the class, and the file's content, of each picture.
        count: how many there are.
        place: where they are from, for messages.

    Raises:
        ValueError: not one can be decoded.
    """
    decode = decoder(side)
    found: dict[bool, tuple[list[np.ndarray], list[str]]] = {False: ([], []), True: ([], [])}
    broken = 0
    with ThreadPoolExecutor() as pool:
        decoded = in_order(pool, lambda row: (*row[:2], decode(row[2])), rows)
        for part, kind, pixels in tqdm(decoded, place, count, unit="picture", disable=None):
            if pixels is None:
                broken += 1
                continue
            pictures, kinds = found[part in HELD_OUT]
            pictures.append(pixels)
            kinds.append(kind)
    if not found[False][0]:
        raise ValueError(
            f"{place}: no picture to train on ({broken} could not be read); give a folder or zip "
            "with a folder of pictures for each class"
        )
    names = tuple(sorted(set(found[False][1] + found[True][1])))

    def stacked(held_out: bool) -> Pictures:
        pixels, kinds = found[held_out]
        return Pictures(
            torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).contiguous(),
            torch.tensor([names.index(kind) for kind in kinds]),
            names,
        )

    notes = [f"{broken:,} files could not be read as pictures, and are left out"] * bool(broken)
    return Read(stacked(False), stacked(True) if found[True][0] else None, notes)


def in_order(
    pool: ThreadPoolExecutor, work: Callable[[Any], Any], items: Iterable[Any], ahead: int = 256
) -> Iterator[Any]:
    """Results in the order of the items, of which only some are in memory at a time."""
    waiting = []
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) == ahead:
            yield waiting.pop(0).result()
    for future in waiting:
        yield future.result()


def decoder(side: int) -> Callable[[bytes], np.ndarray | None]:
    """What makes pixels (side, side, 3) of a file's content: upright, in colours, cut square.

    It gives None for a file that is damaged or no picture.

    Raises:
        ValueError: Pillow is missing.
    """
    try:
        from PIL import Image, ImageOps
    except ImportError as error:
        raise ValueError(
            "photographs need the package pillow (extra vision): pip install pillow"
        ) from error

    def decode(content: bytes) -> np.ndarray | None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of odd, but readable, files
                with Image.open(io.BytesIO(content)) as picture:
                    upright = ImageOps.exif_transpose(picture).convert("RGB")
                    return np.asarray(ImageOps.fit(upright, (side, side)))
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
            return None

    return decode


def from_files(paths: Sequence[Path], side: int, channels: int, names: tuple[str, ...]) -> Pictures:
    """Single pictures, whose classes nobody knows: all have the label 0.

    Raises:
        ValueError: one is missing or cannot be decoded.
    """
    decode, found = decoder(side), []
    for path in paths:
        pixels = decode(read_bytes(path, "give a picture"))
        if pixels is None:
            raise ValueError(f"{path}: cannot be read as a picture; give a JPEG or PNG")
        found.append(pixels if channels == 3 else pixels.mean(axis=-1, keepdims=True))
    stacked = torch.from_numpy(np.stack(found)).permute(0, 3, 1, 2).byte()
    return Pictures(stacked, torch.zeros(len(found), dtype=torch.int64), names)


def from_hub(name: str, side: int) -> Read:
    """A data set of Hugging Face, by the columns that it declares as picture and as class.

    Raises:
        ValueError: the package is missing, or there is no such data set, or it has other columns.
    """
    try:
        import datasets
    except ImportError as error:
        raise ValueError(
            f"{name}: no such folder, and a name on the hub needs the package datasets (extra "
            "datasets): pip install datasets"
        ) from error
    try:
        found = datasets.load_dataset(name)
    except (OSError, RuntimeError, ValueError) as error:
        raise ValueError(f"{name}: cannot be had ({error}); give a folder or zip") from error
    features = next(iter(found.values())).features
    picture, label = (
        next((column for column, feature in features.items() if isinstance(feature, kind)), None)
        for kind in (datasets.Image, datasets.ClassLabel)
    )
    if picture is None or label is None:
        raise ValueError(f"{name}: has {', '.join(features)}, and no picture with a class")
    held_out = next((split for split in HELD_OUT if split in found), None)
    splits = [s for s in found if s in TRAIN] + [held_out] * (held_out is not None)

    def rows() -> Iterator[tuple[str, str, bytes]]:
        for split in splits:
            # as files, which we decode ourselves: one that is damaged must not end the run
            for row in found[split].cast_column(picture, datasets.Image(decode=False)):
                content = row[picture]["bytes"]
                if content is None:
                    content = Path(row[picture]["path"]).read_bytes()
                yield split, features[label].int2str(row[label]), content

    return gathered(rows(), sum(len(found[split]) for split in splits), name, side)
