"""A corpus: texts as one long array of tokens in a file, mapped into memory, never all of it there.

A folder holds `train.bin` and `valid.bin`, in which each document ends with the end token; where
they begin is in `train.docs.npy` and `valid.docs.npy`. `manifest.json` says what they were made of,
with hashes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from checkpoints.vocabulary import SentencePieceVocabulary
from data import END
from pretraining.words import decoded, pieces
from support.files import new_folder, read_json, require_space, write_text
from tokenizer import TextTokenizer, load_tokenizer

SPLITS = ("train", "valid")
MANIFEST = "manifest.json"
PIECE = 1 << 16  # characters of a document that are encoded at once
READ = 1 << 22  # bytes of a file that are read at once


def get_batch(
    dataset: Any,
    batch_size: int,
    context_length: int,
    device: str | torch.device = "cpu",
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Windows of a text, and the same one token later.

    Args:
        dataset: n tokens; a numpy array, mapped from a file as a rule.
        generator: the source of randomness; None is torch's global one.

    Returns:
        inputs and targets, (B, T) each; the windows begin anywhere from 0 to n - T - 1, each place
        being as likely.

    Raises:
        ValueError: the text is not longer than a window.
    """
    n = len(dataset) - context_length
    if n < 1:
        raise ValueError(
            f"a text of {len(dataset)} tokens and a context of {context_length}: it takes one more "
            "than the context; give a longer text, or a shorter context"
        )
    starts = torch.randint(n, (batch_size,), generator=generator)
    return windows(dataset, starts.tolist(), context_length, device)


def windows(
    dataset: Any, starts: list[int], context_length: int, device: str | torch.device = "cpu"
) -> tuple[Tensor, Tensor]:
    """The windows of T tokens that begin at `starts`, and the same one token later, (B, T) each."""
    rows = np.stack([dataset[start : start + context_length + 1] for start in starts])
    tokens = torch.from_numpy(rows.astype(np.int64)).to(device)
    return tokens[:, :-1], tokens[:, 1:]


def text_files(source: Path) -> list[Path]:
    """A file, or all that are in a folder; a ValueError where there is none."""
    files = [source] if source.is_file() else sorted(p for p in source.rglob("*") if p.is_file())
    if not files:
        raise ValueError(f"{source}: no such text, or an empty folder; give another --text.data")
    return files


def documents(source: Path, errors: str = "strict") -> Iterator[tuple[int, str]]:
    """The texts of a file or folder, each with the bytes that it takes there.

    A text file is cut at every `<|endoftext|>`; of a `.jsonl`, each line's `text` is one; of a
    folder, each file in it.

    Raises:
        ValueError: a file is missing, no UTF-8, or a line no JSON with a text.
    """
    for path in text_files(source):
        parts = _json_texts(path) if path.suffix == ".jsonl" else _parts(path, END.encode())
        offset = 0
        for size, content in parts:
            text = (
                content if isinstance(content, str) else decoded(content, errors, str(path), offset)
            )
            offset += size
            if text := text.strip("\r\n"):
                yield size, text


def _parts(path: Path, end: bytes) -> Iterator[tuple[int, bytes]]:
    """What stands between the end tokens of a file, which is read in blocks."""
    kept = b""
    with path.open("rb") as file:
        while block := file.read(READ):
            *whole, kept = (kept + block).split(end)
            for part in whole:
                yield len(part) + len(end), part
    yield len(kept), kept


def _json_texts(path: Path) -> Iterator[tuple[int, str]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                text = json.loads(line)["text"] if line.strip() else ""
                if not isinstance(text, str):
                    raise TypeError("its text is none")
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(
                    f'{path}, line {number}: no JSON object with a "text" ({error})'
                ) from error
            yield len(line), text


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


def encode_corpus(
    source: Path,
    folder: Path,
    tokenizer: TextTokenizer,
    *,
    valid_share: float = 0.05,
    errors: str = "strict",
    progress: bool = False,
) -> Corpus:
    """Turn texts into tokens, document by document, in memory that does not grow with them.

    Args:
        source: a file or folder, see `documents`.
        folder: made here, whole or not at all.
        tokenizer: whose end token is put behind each document; it is kept in the folder.
        valid_share: of the bytes, from the end of the texts, that are held out; of a single
            document its end.

    Raises:
        ValueError: the texts are missing, empty, too short or no UTF-8, the tokenizer has no end
            token, or there is no room.
    """
    if tokenizer.eos_id < 0:
        raise ValueError("the tokenizer has no token that ends a text; a corpus needs one")
    if not 0 < valid_share < 1:
        raise ValueError(f"valid_share={valid_share}: must be between 0 and 1")
    files = text_files(source)
    total = sum(file.stat().st_size for file in files)
    if not total:
        raise ValueError(f"{source}: the text is empty; give another --text.data")
    dtype = np.dtype(np.uint16 if tokenizer.n_words <= 1 << 16 else np.uint32)
    require_space(folder.parent, total, f"encoding {source}")
    train_bytes, seen = (1 - valid_share) * total, 0
    with new_folder(folder) as temporary:
        writers = {split: _Writer(temporary, split, dtype, tokenizer) for split in SPLITS}
        bar = tqdm(total=total, unit="B", unit_scale=True, desc="encoding", leave=False,
                   disable=None if progress else True)  # fmt: skip
        with bar:
            for size, text in documents(source, errors):
                share = (train_bytes - seen) / size  # of this document, that is to be trained on
                if share >= 1 or (writers["train"].tokens == 0 and seen + size < total):
                    writers["train"].add(text)
                elif share <= 0 or seen > 0:
                    writers["valid"].add(text)
                else:  # the only document
                    place = text.rfind("\n", 0, int(len(text) * share)) + 1
                    place = place or text.rfind(" ", 0, int(len(text) * share)) + 1
                    writers["train"].add(text[:place])
                    writers["valid"].add(text[place:])
                seen += size
                bar.update(size)
        kind, content = tokenizer.vocabulary.to_file()
        (temporary / f"tokenizer.{kind}").write_bytes(content)
        about = {
            "sources": [{"path": str(f.resolve()), "sha256": file_sha256(f)} for f in files],
            "tokenizer": f"tokenizer.{kind}",
            "tokenizer_sha256": hashlib.sha256(content).hexdigest(),
            "vocab_size": tokenizer.n_words,
            "dtype": dtype.name,
            "splits": {split: writer.close() for split, writer in writers.items()},
        }
        write_text(temporary / MANIFEST, json.dumps(about, indent=2) + "\n")
    return Corpus.open(folder)


class _Writer:
    """Writes one split of a corpus."""

    def __init__(self, folder: Path, split: str, dtype: np.dtype, tokenizer: TextTokenizer) -> None:
        self.path, self.docs = folder / f"{split}.bin", folder / f"{split}.docs.npy"
        self.dtype, self.tokenizer = dtype, tokenizer
        self.file = self.path.open("wb")
        self.tokens = self.bytes = 0
        self.starts: list[int] = []

    def add(self, text: str) -> None:
        """A document, which the end token follows."""
        if not text:
            return
        self.starts.append(self.tokens)
        self.bytes += len(text.encode())
        # In SentencePiece a text begins with a space of its own, and so would each part of one.
        whole = isinstance(self.tokenizer.vocabulary, SentencePieceVocabulary)
        for piece in [text] if whole else pieces(text, PIECE):
            self._write(self.tokenizer.encode(piece, bos=False, eos=False))
        self._write([self.tokenizer.eos_id])

    def _write(self, ids: list[int]) -> None:
        self.file.write(np.asarray(ids, dtype=self.dtype).tobytes())
        self.tokens += len(ids)

    def close(self) -> dict[str, Any]:
        """What is known of the split."""
        self.file.close()
        np.save(self.docs, np.asarray(self.starts, dtype=np.int64))
        documents = len(self.starts)
        return {"tokens": self.tokens, "documents": documents, "bytes": self.bytes}


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
