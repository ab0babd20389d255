"""A corpus: texts as one long array of tokens in a file, mapped into memory, never all of it there.

A folder holds `train.bin` and `valid.bin`, in which each document ends with the end token; where
they begin is in `train.docs.npy` and `valid.docs.npy`. `manifest.json` says what they were made of,
with hashes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from tqdm import tqdm

from checkpoints.vocabulary import BytePairVocabulary
from pretraining.texts import Stretch, hold_out, pieces_of, stretches, text_files
from pretraining.words import in_parallel, pieces, useful_processes
from support.files import new_folder, read_json, require_space, write_text
from tokenizer import TextTokenizer, load_tokenizer

SPLITS = ("train", "valid")
MANIFEST = "manifest.json"
PIECE = 1 << 16  # characters of a document that are encoded at once


@dataclass(frozen=True)
class Corpus:
    """The tokens of a text, and what is known of it."""

    folder: Path
    about: dict[str, Any]

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a folder that `encode_corpus` wrote.

        Raises:
            ValueError: it is none, or a file of it is not what the manifest says.
        """
        about = read_json(folder / MANIFEST)
        corpus = cls(folder, about)
        try:
            for split in SPLITS:
                path, stated = folder / f"{split}.bin", about["splits"][split]
                held = path.stat().st_size if path.exists() else 0
                if held != stated["tokens"] * corpus.dtype.itemsize:
                    raise ValueError(f"{path}: has {held:,} bytes and not what {MANIFEST} says")
            if file_sha256(folder / about["tokenizer"]) != about["tokenizer_sha256"]:
                raise ValueError(f"{folder}: its tokenizer was changed; encode it anew")
        except (KeyError, TypeError) as error:
            raise ValueError(f"{folder / MANIFEST}: damaged; encode the text anew") from error
        return corpus

    def tokenizer(self) -> TextTokenizer:
        """What it was encoded with."""
        return load_tokenizer(self.folder / self.about["tokenizer"])

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(self.about["dtype"])

    def tokens(self, split: str) -> np.memmap:
        """The tokens of "train" or "valid", mapped from the file."""
        return np.memmap(self.folder / f"{split}.bin", dtype=self.dtype, mode="r")

    def starts(self, split: str) -> np.ndarray:
        """Where its documents begin."""
        return np.load(self.folder / f"{split}.docs.npy", mmap_mode="r")

    def n_bytes(self, split: str) -> int:
        """What its texts take in UTF-8, without the end tokens."""
        return self.about["splits"][split]["bytes"]


class Encoded(NamedTuple):
    """A piece as ids, with its size in UTF-8."""

    ids: np.ndarray
    size: int
    is_end: bool


def encode_corpus(
    source: Path,
    folder: Path,
    tokenizer: TextTokenizer,
    *,
    valid: Path | None = None,
    valid_share: float = 0.05,
    errors: str = "strict",
    processes: int | None = None,
    progress: bool = False,
) -> Corpus:
    """Turn texts into tokens, in parallel and in memory that does not grow with them.

    Args:
        source: a text file, a `.jsonl`, or a folder of both.
        folder: made here, whole or not at all.
        tokenizer: whose end token is put behind each document; it is kept in the folder.
        valid: the held-out text; None holds out the end of the source, see `hold_out`.
        processes: None takes all of this machine's, one for a small text.

    Raises:
        ValueError: the texts are missing, empty, too short or no UTF-8, the tokenizer has no end
            token, or there is no room.
    """
    if tokenizer.eos_id < 0:
        raise ValueError("the tokenizer has no token that ends a text; a corpus needs one")
    if valid is None:
        ranges = dict(zip(SPLITS, hold_out(source, valid_share), strict=True))
    else:
        ranges = {
            split: [Stretch(file, 0, file.stat().st_size) for file in text_files(path)]
            for split, path in zip(SPLITS, (source, valid), strict=True)
        }
    files = list(dict.fromkeys(file.path for split in SPLITS for file in ranges[split]))
    total = sum(end - start for split in SPLITS for _, start, end in ranges[split])
    dtype = np.dtype(np.uint16 if tokenizer.n_words <= 1 << 16 else np.uint32)
    require_space(folder.parent, total, f"encoding {source}")
    words = cuts_as_here(tokenizer)
    processes = useful_processes(total) if processes is None else processes
    encode = partial(encode_stretch, tokenizer, dtype, errors)
    about: dict[str, Any] = {}
    bar = tqdm(total=total, unit="B", unit_scale=True, desc="encoding", leave=False,
               disable=None if progress else True)  # fmt: skip
    with new_folder(folder) as temporary, bar:
        for split in SPLITS:
            tasks = stretches(ranges[split], words)
            done = in_parallel(encode, tasks, processes)
            try:
                about[split] = _write(
                    temporary / split, _told(done, tasks, bar), tokenizer.eos_id, dtype
                )
            except OSError as error:  # a full disk has no name
                raise ValueError(
                    f"{folder}: could not be written ({error.strerror}): make room"
                ) from error
            if not about[split]["tokens"]:
                what = "train on" if split == "train" else "hold out"
                raise ValueError(f"{source}: no text to {what}")
        kind, content = tokenizer.vocabulary.to_file()
        (temporary / f"tokenizer.{kind}").write_bytes(content)
        manifest = {
            "sources": [{"path": str(f.resolve()), "sha256": file_sha256(f)} for f in files],
            "tokenizer": f"tokenizer.{kind}",
            "tokenizer_sha256": hashlib.sha256(content).hexdigest(),
            "vocab_size": tokenizer.n_words,
            "dtype": dtype.name,
            "splits": about,
        }
        write_text(temporary / MANIFEST, json.dumps(manifest, indent=2) + "\n")
    return Corpus.open(folder)


def cuts_as_here(tokenizer: TextTokenizer) -> bool:
    """Whether a tokenizer cuts words as words.py does, so that a document may be read in parts.

    In SentencePiece, for one, a text begins with a space of its own, and so would each part of it.
    """
    vocabulary = tokenizer.vocabulary
    return isinstance(vocabulary, BytePairVocabulary) and vocabulary.pre == "gpt-2"


def _told(done: Iterable[list[Encoded]], tasks: list[Stretch], bar: tqdm) -> Iterator[Encoded]:
    """The pieces of all stretches, which move a bar on."""
    for (_, start, end), pieces_done in zip(tasks, done, strict=True):
        yield from pieces_done
        bar.update(end - start)


def _write(path: Path, encoded: Iterable[Encoded], eos_id: int, dtype: np.dtype) -> dict[str, int]:
    """The two files of a split; returns what is known of it."""
    end = np.asarray([eos_id], dtype)
    starts: list[int] = []
    tokens = size = 0
    inside = False  # a document
    with path.with_suffix(".bin").open("wb") as file:

        def write(ids: np.ndarray) -> None:
            nonlocal tokens
            file.write(ids.tobytes())
            tokens += len(ids)

        for piece in encoded:
            if piece.size and not inside:
                starts.append(tokens)
                inside = True
            write(piece.ids)
            size += piece.size
            if piece.is_end and inside:
                write(end)
                inside = False
        if inside:  # the other split begins within the document
            write(end)
    np.save(path.with_suffix(".docs.npy"), np.asarray(starts, dtype=np.int64))
    return {"tokens": tokens, "documents": len(starts), "bytes": size}


def encode_stretch(
    tokenizer: TextTokenizer, dtype: np.dtype, errors: str, stretch: Stretch
) -> list[Encoded]:
    """The pieces of a stretch as ids."""
    found = []
    words = cuts_as_here(tokenizer)
    for text, is_end in pieces_of(stretch, errors):
        parts = pieces(text, PIECE) if words else [text]
        ids = [i for part in parts if part for i in tokenizer.encode(part, bos=False, eos=False)]
        found.append(Encoded(np.asarray(ids, dtype=dtype), len(text.encode()), is_end))
    return found


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
