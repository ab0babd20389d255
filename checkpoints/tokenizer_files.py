"""Files of tokenizers: those of other programs, and where a checkpoint's own is looked for."""

from __future__ import annotations

import base64
import binascii
import json
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from checkpoints.vocabulary import (
    BYTE,
    CONTROL,
    NORMAL,
    SPACE,
    UNKNOWN,
    BytePairVocabulary,
    JsonVocabulary,
    Pieces,
    SentencePieceVocabulary,
    Vocabulary,
    byte_alphabet,
    is_byte,
    json_tokens,
    pieces_of,
    sentencepiece_model,
    vocabulary_from_dict,
)
from support.files import atomic_path, read_bytes, read_json

TOKENIZER_MODEL = "tokenizer.model"  # Llama 2's, in the working folder
FILE_TYPES = ("json", "model")  # of a tokenizer beside a checkpoint, in the order of looking
# Meta's Llama 3 files hold the ordinary tokens alone; these follow them, 256 in all.
LLAMA_3_SPECIALS = (
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|reserved_special_token_0|>",
    "<|reserved_special_token_1|>",
    "<|finetune_right_pad_id|>",
    "<|step_id|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eom_id|>",
    "<|eot_id|>",
    "<|python_tag|>",
    "<|image|>",
)
N_LLAMA_3_SPECIALS = 256


def from_tiktoken(content: bytes) -> BytePairVocabulary:
    """Llama 3's `tokenizer.model`: a line for each token, its bytes in base64 and its rank.

    Such a file has no merges: any two neighbours merge whose bytes together are a token, the one
    of the lowest rank first. As merges, these are all ways to cut each token into two.

    Raises:
        ValueError: a line is something else, or the ranks are not 0, 1, ...
    """
    ranks: dict[bytes, int] = {}
    for place, line in enumerate(content.splitlines(), start=1):
        try:
            spelt, number = line.split()
            ranks[base64.b64decode(spelt, validate=True)] = int(number)
        except (ValueError, binascii.Error) as error:
            raise ValueError(f"line {place} is not a token in base64 and its rank") from error
    ordered = sorted(ranks, key=ranks.__getitem__)
    if [ranks[token] for token in ordered] != list(range(len(ranks))):
        raise ValueError("ranks repeat, or do not count from 0")
    letters = byte_alphabet()
    merges: list[tuple[int, int, int, str]] = []
    for token, rank in ranks.items():
        for cut in range(1, len(token)):
            left, right = token[:cut], token[cut:]
            if left in ranks and right in ranks:
                pair = " ".join("".join(letters[b] for b in part) for part in (left, right))
                merges.append((rank, ranks[left], ranks[right], pair))
    reserved = range(2, N_LLAMA_3_SPECIALS - len(LLAMA_3_SPECIALS) + 2)
    specials = [*LLAMA_3_SPECIALS, *(f"<|reserved_special_token_{i}|>" for i in reserved)]
    n = len(ranks)
    return BytePairVocabulary(
        pre="llama-bpe",
        tokens=["".join(letters[b] for b in token) for token in ordered] + specials,
        token_types=[NORMAL] * n + [CONTROL] * len(specials),
        merges=[merge[3] for merge in sorted(merges)],
        bos_id=n,
        eos_id=n + 1,
        pad_id=n + specials.index("<|finetune_right_pad_id|>"),
        add_bos=True,
        stop_ids=[n + specials.index(name) for name in ("<|eom_id|>", "<|eot_id|>")],
    )


def from_model_file(content: bytes) -> Vocabulary:
    """A `tokenizer.model`, which is SentencePiece's or in tiktoken's format."""
    first = content[:200].split(b"\n")[0].split()
    if len(first) == 2 and first[1].isdigit():
        return from_tiktoken(content)
    return SentencePieceVocabulary(content)


def from_llama2c(content: bytes, vocab_size: int | None = None) -> SentencePieceVocabulary:
    """llama2.c's `tokenizer.bin`: the longest length, then score, length and bytes of each token.

    Args:
        vocab_size: how many there should be; None takes all.

    Raises:
        ValueError: it ends within a token, or has another number of them.
    """
    position = 4
    pieces: list[str] = []
    ranked: list[float] = []  # the scores
    while position < len(content):
        if position + 8 > len(content):
            raise ValueError(f"ends within token {len(pieces)}")
        score, length = struct.unpack_from("<fi", content, position)
        position += 8
        if not 0 <= length <= len(content) - position:
            raise ValueError(f"states {length:,} bytes for token {len(pieces)} and ends before")
        pieces.append(content[position : position + length].decode("utf-8", "replace"))
        ranked.append(score)
        position += length
    if vocab_size not in (None, len(pieces)):
        raise ValueError(f"holds {len(pieces)} tokens, and the checkpoint {vocab_size}")
    special = {0: ("<unk>", UNKNOWN), 1: ("<s>", CONTROL), 2: ("</s>", CONTROL)}
    kinds = [NORMAL] * len(pieces)
    for i, piece in enumerate(pieces):
        name, kind = special.get(i, (piece, NORMAL))
        if is_byte(piece):
            kind = BYTE
        pieces[i], kinds[i] = name.replace(" ", SPACE) if i > 2 else name, kind
    return SentencePieceVocabulary(sentencepiece_model(pieces, ranked, kinds), add_bos=True)


def from_folder(
    folder: Path, config: Mapping[str, Any], text: str | None = None
) -> Vocabulary | None:
    """The tokenizer of a folder of Hugging Face's, if it has one.

    Args:
        config: what its `config.json` says, as far as that is known.
        text: of its `tokenizer.json`, if that has been read, under whatever name.

    Raises:
        ValueError: a file is damaged.
    """
    whole, model = folder / "tokenizer.json", folder / "tokenizer.model"
    facts, generation = (
        read_json(folder / name) if (folder / name).exists() else {}
        for name in ("tokenizer_config.json", "generation_config.json")
    )
    template = facts.get("chat_template")
    if isinstance(template, list):  # several, with names
        named = {t.get("name"): t.get("template") for t in template if isinstance(t, dict)}
        template = named.get("default")
    if (beside := folder / "chat_template.jinja").exists():
        template = beside.read_text(encoding="utf-8")
    if text is None and whole.exists():
        text = whole.read_text(encoding="utf-8")
    ids = {} if text is None else json_tokens(text)
    if text is None and not model.exists():
        return None

    def ends(facts: Mapping[str, Any]) -> list[int]:
        stated = facts.get("eos_token_id")
        return [i for i in (stated if isinstance(stated, list) else [stated]) if type(i) is int]

    stops = sorted({*ends(config), *ends(generation)})

    def known(name: str) -> int | None:
        """The id that the tokenizer's own file names, or the model's."""
        if found := token_ids(ids, facts.get(f"{name}_token")):
            return found[0]
        stated = config.get(f"{name}_token_id")
        return stated if type(stated) is int else (stops[0] if stops and name == "eos" else None)

    special: dict[str, Any] = {
        "bos_id": known("bos"),
        "eos_id": known("eos"),
        "pad_id": known("pad"),
        "add_bos": facts.get("add_bos_token"),
        "stop_ids": stops,
        "chat_template": template,
    }
    if text is not None:
        return JsonVocabulary(json=text, **special)
    vocabulary = from_model_file(model.read_bytes())
    values = {k: v for k, v in special.items() if v not in (None, [])}
    return replace(vocabulary, **values)


def as_llama2c(pieces: Pieces, bos_id: int, eos_id: int) -> bytes:
    """llama2.c's `tokenizer.bin`, the inverse of `from_llama2c`."""
    spellings = {bos_id: "\n<s>\n", eos_id: "\n</s>\n"}
    texts = [
        spellings.get(i, piece).replace(SPACE, " ").encode()
        for i, piece in enumerate(pieces.pieces)
    ]
    parts = [struct.pack("<I", max(map(len, texts)))]
    for score, text in zip(pieces.scores, texts, strict=True):
        parts.append(struct.pack("<fI", score, len(text)) + text)
    return b"".join(parts)


def read_vocabulary(path: str | PathLike[str]) -> Vocabulary:
    """A tokenizer's own file, recognised from the content.

    Args:
        path: a SentencePiece model, Llama 3's in tiktoken's format, Hugging Face's
            `tokenizer.json`, llama2.c's `tokenizer.bin`, or an `X.tokenizer.json` of this project.

    Raises:
        ValueError: the file is missing, damaged or no tokenizer.
    """
    content = read_bytes(path, "it should hold a tokenizer; give --tokenizer FILE")
    try:
        if content.startswith(b"{"):
            values = json.loads(content.decode("utf-8"))
            if "added_tokens" not in values:
                return vocabulary_from_dict(values)
            found = from_folder(Path(path).parent, {}, content.decode("utf-8"))
            assert found is not None
            return found
        if content[2:4] == b"\0\0":  # the upper half of a length
            return from_llama2c(content)
        vocabulary = from_model_file(content)
        if isinstance(vocabulary, SentencePieceVocabulary):
            pieces_of(content)
        return vocabulary
    except (ValueError, RecursionError) as error:
        start = "" if str(error).startswith(str(path)) else f"{path}: "
        raise ValueError(f"{start}{error}") from error


def beside(checkpoint: Path, file_type: str) -> Path:
    """The tokenizer of a checkpoint, where it is a file of its own."""
    return checkpoint.parent / f"{checkpoint.stem}.tokenizer.{file_type}"


def places(checkpoint: Path) -> list[Path]:
    """Where the tokenizer of a checkpoint is looked for, if it is not inside, in this order."""
    own = [beside(checkpoint, file_type) for file_type in FILE_TYPES]
    return list(dict.fromkeys([*own, checkpoint.parent / TOKENIZER_MODEL, Path(TOKENIZER_MODEL)]))


def find_vocabulary(checkpoint_path: Path, own: Vocabulary | None) -> Vocabulary | None:
    """A checkpoint's own tokenizer, or the file that is found for it; None where there is none."""
    found = next((place for place in places(checkpoint_path) if place.exists()), None)
    return own if own is not None or found is None else read_vocabulary(found)


@contextmanager
def saved_beside(vocabulary: Vocabulary, checkpoint: Path) -> Iterator[None]:
    """Keep a tokenizer as `X.tokenizer.json` or `X.tokenizer.model` beside a checkpoint X.pt.

    The checkpoint is to be written within: if that fails, nothing has changed beside it either.
    """
    own_type, content = vocabulary.to_file()
    with atomic_path(beside(checkpoint, own_type)) as temporary:
        temporary.write_bytes(content)
        yield
    for file_type in FILE_TYPES:
        if file_type != own_type:  # an earlier one's, which would be found as well
            beside(checkpoint, file_type).unlink(missing_ok=True)


def token_ids(specials: Mapping[str, int], *names: Any) -> list[int]:
    """The ids of tokens that files name by their text, or by an object that holds it."""
    texts = [name.get("content") if isinstance(name, dict) else name for name in names]
    return [specials[text] for text in texts if isinstance(text, str) and text in specials]
