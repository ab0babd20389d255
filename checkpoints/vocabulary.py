"""What a checkpoint says of its tokenizer, as plain data; `tokenizer` makes tokenizers of it.

Three kinds, since files come with three: the tokens and merges of a byte-level BPE (GGUF, and
tiktoken's format), a SentencePiece model (a `tokenizer.model`, GGUF, llama2.c), and Hugging Face's
`tokenizer.json`. What a file leaves unsaid is None here: who guesses it has to say so.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
from collections.abc import Sequence
from dataclasses import KW_ONLY, asdict, dataclass, field, fields, replace
from typing import Any, NamedTuple, Self

from sentencepiece import SentencePieceProcessor

SPACE = "\u2581"  # SentencePiece writes a space as this character
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6  # kinds of tokens
BPE = 2  # SentencePiece's number of the algorithm

LLAMA_3_BOS = "<|begin_of_text|>"
# Llama 3 looks a whole word up before it applies any merge.
WHOLE_WORDS_FIRST = ("llama-bpe", "llama3", "llama-v3")
LLAMA_3_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def _cut_by(pattern: str) -> dict[str, Any]:
    split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated"}
    return {
        "type": "Sequence",
        "pretokenizers": [split | {"invert": False}, BYTES | {"use_regex": False}],
    }


# How a text is cut into words before the merges: GGUF's name, and Hugging Face's object.
BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
DIGITS = {"type": "Digits", "individual_digits": True}
PRE_TOKENIZERS: dict[str, dict[str, Any]] = {
    "gpt-2": BYTES,
    "gpt2": BYTES,
    "smollm": {"type": "Sequence", "pretokenizers": [DIGITS, BYTES]},
    **dict.fromkeys(WHOLE_WORDS_FIRST, _cut_by(LLAMA_3_WORDS)),
    "qwen2": _cut_by(LLAMA_3_WORDS.replace(r"\p{N}{1,3}", r"\p{N}")),
}


@dataclass(frozen=True)
class Vocabulary:
    """What all kinds share. Raises a ValueError where a field is of another type."""

    _: KW_ONLY
    stop_ids: list[int] = field(default_factory=list)  # tokens beside EOS that end a text
    chat_template: str | None = None  # Jinja: how turns are spelt

    def __post_init__(self) -> None:
        for name, kind in self._lists().items():
            values = getattr(self, name)
            if not isinstance(values, list) or not all(type(v) is kind for v in values):
                raise ValueError(f"tokenizer: {name} must be a list of {kind.__name__}")
        for name, kinds in self._scalars().items():
            if type(getattr(self, name)) not in kinds:
                raise ValueError(
                    f"tokenizer: {name}={getattr(self, name)!r}: no {kinds[0].__name__}"
                )

    def _lists(self) -> dict[str, type]:
        return {"stop_ids": int}

    def _scalars(self) -> dict[str, tuple[type, ...]]:
        return {"chat_template": (str, type(None))}

    def to_file(self) -> tuple[str, bytes]:
        """What holds it beside a checkpoint: the ending of the file's name, and its contents."""
        return "json", json.dumps(self.to_dict(), ensure_ascii=False).encode()

    def to_dict(self) -> dict[str, Any]:
        """Plain data that JSON can hold."""
        values = asdict(self)
        return {
            k: base64.b64encode(v).decode() if type(v) is bytes else v for k, v in values.items()
        }

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """The inverse of `to_dict`; raises a ValueError on other keys, or values of other types."""
        known = {f.name for f in fields(cls)}
        optional = {f.name for f in fields(Vocabulary)}
        if not isinstance(values, dict) or not known - optional <= values.keys() <= known:
            raise ValueError(f"no tokenizer of this project: expected the keys {sorted(known)}")
        return cls(**values)


@dataclass(frozen=True)
class BytePairVocabulary(Vocabulary):
    """A byte-level BPE tokenizer, in GGUF's terms."""

    pre: str | None  # name of the pre-tokenisation, `tokenizer.ggml.pre`
    tokens: list[str]  # id -> token, bytes spelt in GPT-2's printable alphabet
    token_types: list[int]  # id -> kind: 1 text, 3 control, 4 user-defined
    merges: list[str]  # "left right", in order of rank
    bos_id: int
    eos_id: int
    pad_id: int
    add_bos: bool | None  # whether the checkpoint wants a text to begin with BOS

    def _lists(self) -> dict[str, type]:
        return {**super()._lists(), "tokens": str, "token_types": int, "merges": str}

    def _scalars(self) -> dict[str, tuple[type, ...]]:
        ids = dict.fromkeys(("bos_id", "eos_id", "pad_id"), (int,))
        texts = {"pre": (str, type(None)), "add_bos": (bool, type(None))}
        return {**super()._scalars(), **ids, **texts}


@dataclass(frozen=True)
class SentencePieceVocabulary(Vocabulary):
    """A SentencePiece model, and what its checkpoint says beside it; None: what the model says."""

    model: bytes
    bos_id: int | None = None
    eos_id: int | None = None
    pad_id: int | None = None
    add_bos: bool | None = None

    def _scalars(self) -> dict[str, tuple[type, ...]]:
        ids = dict.fromkeys(("bos_id", "eos_id", "pad_id"), (int, type(None)))
        return {**super()._scalars(), **ids, "model": (bytes,), "add_bos": (bool, type(None))}

    def to_file(self) -> tuple[str, bytes]:
        """A SentencePiece model, where nothing is said beside it."""
        alone = self == SentencePieceVocabulary(self.model)
        return ("model", self.model) if alone else super().to_file()

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        if isinstance(values, dict) and isinstance(values.get("model"), str):
            try:
                values = {**values, "model": base64.b64decode(values["model"], validate=True)}
            except binascii.Error as error:
                raise ValueError("tokenizer: its model is no base64") from error
        return super().from_dict(values)


@dataclass(frozen=True)
class JsonVocabulary(Vocabulary):
    """Hugging Face's `tokenizer.json`, and what the files beside it say."""

    json: str
    bos_id: int | None
    eos_id: int | None
    pad_id: int | None
    add_bos: bool | None

    def _scalars(self) -> dict[str, tuple[type, ...]]:
        ids = dict.fromkeys(("bos_id", "eos_id", "pad_id"), (int, type(None)))
        return {**super()._scalars(), **ids, "json": (str,), "add_bos": (bool, type(None))}


def vocabulary_from_dict(values: Any) -> Vocabulary:
    """The vocabulary that `to_dict` made plain, of whichever kind."""
    kinds: dict[str, type[Vocabulary]] = {"model": SentencePieceVocabulary, "json": JsonVocabulary}
    named = next(
        (k for key, k in kinds.items() if isinstance(values, dict) and key in values), None
    )
    return (named or BytePairVocabulary).from_dict(values)


class Pieces(NamedTuple):
    """A SentencePiece model taken apart, as GGUF and llama2.c hold one."""

    pieces: list[str]
    scores: list[float]
    kinds: list[int]
    add_prefix_space: bool = True


def pieces_of(model: bytes) -> Pieces:
    """Take a SentencePiece model apart; raises a ValueError where it is none."""
    try:
        library = SentencePieceProcessor()
        library.LoadFromSerializedProto(model)
        ids = range(library.vocab_size())
        asked = {
            UNKNOWN: library.is_unknown,
            CONTROL: library.is_control,
            UNUSED: library.is_unused,
            BYTE: library.is_byte,
        }
        kinds = [next((kind for kind, is_ in asked.items() if is_(i)), NORMAL) for i in ids]
        pieces = [library.id_to_piece(i) for i in ids]
        scored = [library.get_score(i) for i in ids]
        spaced = library.encode("a", out_type=str)[:1]
    except (RuntimeError, TypeError) as error:
        raise ValueError("not a SentencePiece model") from error
    return Pieces(pieces, scored, kinds, bool(spaced) and spaced[0].startswith(SPACE))


def sentencepiece_model(
    pieces: Sequence[str],
    scores: Sequence[float],
    kinds: Sequence[int],
    *,
    add_prefix_space: bool = True,
) -> bytes:
    """A SentencePiece model of the BPE kind, as the file `tokenizer.model` would hold it.

    It is a Protocol Buffers message (sentencepiece_model.proto): pieces, what trained them, and how
    a text is normalised. Control tokens need no names there: their kinds say what they are.

    Raises:
        ValueError: the three are of unequal lengths.
    """
    if not len(pieces) == len(scores) == len(kinds):
        raise ValueError(
            f"tokenizer: {len(pieces)} tokens, {len(scores)} scores and {len(kinds)} types"
        )
    model = b"".join(
        _field(1, _field(1, piece.encode()) + _float(2, score) + _integer(3, kind))
        for piece, score, kind in zip(pieces, scores, kinds, strict=True)
    )
    spelt = {piece: i for i, piece in enumerate(pieces)}
    trainer = _integer(3, BPE) + _integer(4, len(pieces)) + _integer(35, BYTE in kinds)
    for number, piece in ((40, "<unk>"), (41, "<s>"), (42, "</s>")):
        # -1 for none; ids are unsigned 64-bit numbers in this encoding, negative ones too.
        trainer += _integer(number, spelt.get(piece, -1) % (1 << 64))
    normalizer = _field(1, b"identity") + _integer(3, add_prefix_space)
    normalizer += _integer(4, False) + _integer(5, True)  # keep spaces; spell them as U+2581
    return model + _field(2, trainer) + _field(3, normalizer)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _integer(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(int(value))


def _float(number: int, value: float) -> bytes:
    return _varint(number << 3 | 5) + struct.pack("<f", value)


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; the eighth says that more follow."""
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def byte_alphabet() -> list[str]:
    """The printable character that stands for each byte in a byte-level vocabulary (GPT-2's).

    Printable Latin-1 stands for itself; the other 68 bytes take the characters from U+0100 on.
    """
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return [chr(b if b in printable else next(others)) for b in range(0x100)]


def without_gaps(vocabulary: BytePairVocabulary) -> tuple[BytePairVocabulary, tuple[str, ...]]:
    """The vocabulary with what was not said, which is guessed, and a line for each guess."""
    pre, add_bos, guesses = vocabulary.pre, vocabulary.add_bos, []
    if pre in (None, "default"):
        said = "does not say" if pre is None else f"says {pre!r} of"
        pre = "llama-bpe" if LLAMA_3_BOS in vocabulary.tokens else "gpt-2"
        why = "its tokens are Llama 3's" if pre == "llama-bpe" else "as most do"
        guesses.append(f"the tokenizer {said} how a text is cut into words: {pre}, {why}")
    if add_bos is None:
        add_bos = pre in WHOLE_WORDS_FIRST  # llama.cpp's rule
        how = "with" if add_bos else "without"
        guesses.append(f"the tokenizer does not say if texts begin with BOS: {how}, as {pre}'s")
    return replace(vocabulary, pre=pre, add_bos=add_bos), tuple(guesses)


def as_json(vocabulary: BytePairVocabulary) -> JsonVocabulary:
    """The same tokenizer as a `tokenizer.json`; nothing of it may be unsaid.

    Raises:
        ValueError: the pre-tokenisation is unknown, or tokens repeat or are not as many as types.
    """
    tokens, kinds, pre = vocabulary.tokens, vocabulary.token_types, vocabulary.pre
    if len(kinds) != len(tokens) or len(set(tokens)) != len(tokens):
        raise ValueError("tokenizer: tokens repeat, or their types are of another number")
    if pre not in PRE_TOKENIZERS:
        raise ValueError(f"pre-tokenisation {pre!r} is unknown; known: {', '.join(PRE_TOKENIZERS)}")
    ends = {vocabulary.eos_id, *vocabulary.stop_ids}
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    added = [
        {"id": i, "content": token, **plain, "special": kind == CONTROL or i in ends}
        for i, (token, kind) in enumerate(zip(tokens, kinds, strict=True))
        if kind in (CONTROL, USER_DEFINED) or i in ends
    ]
    begin = None
    if vocabulary.add_bos and 0 <= vocabulary.bos_id < len(tokens):
        bos = tokens[vocabulary.bos_id]
        texts = [{"Sequence": {"id": name, "type_id": 0}} for name in "AB"]
        first = {"SpecialToken": {"id": bos, "type_id": 0}}
        begin = {
            "type": "TemplateProcessing",
            "single": [first, texts[0]],
            "pair": [first, *texts],
            "special_tokens": {bos: {"id": bos, "ids": [vocabulary.bos_id], "tokens": [bos]}},
        }
    model = {
        "type": "BPE",
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "byte_fallback": False,
        "ignore_merges": pre in WHOLE_WORDS_FIRST,
        "vocab": {token: i for i, token in enumerate(tokens)},
        "merges": [merge.split(" ", 1) for merge in vocabulary.merges],
    }
    whole = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": PRE_TOKENIZERS[pre],
        "post_processor": begin,
        "decoder": BYTES,
        "model": model,
    }
    return JsonVocabulary(
        json.dumps(whole, ensure_ascii=False),
        bos_id=vocabulary.bos_id,
        eos_id=vocabulary.eos_id,
        pad_id=vocabulary.pad_id,
        add_bos=vocabulary.add_bos,
        stop_ids=vocabulary.stop_ids,
        chat_template=vocabulary.chat_template,
    )


def from_json(vocabulary: JsonVocabulary) -> BytePairVocabulary | SentencePieceVocabulary:
    """What a `tokenizer.json` says, in the terms of files that hold tokens and merges.

    Raises:
        ValueError: it is of a kind that those cannot hold; what is unknown is named.
    """
    ids = json_tokens(vocabulary.json)
    whole = json.loads(vocabulary.json)
    tokens = [""] * (max(ids.values(), default=-1) + 1)
    for token, i in ids.items():
        tokens[i] = token
    model, said = (
        whole["model"],
        {field.name: getattr(vocabulary, field.name) for field in fields(Vocabulary)},
    )
    if model.get("type", "BPE") != "BPE" or "" in tokens:
        raise ValueError("its tokenizer is no BPE, or has gaps in its ids")
    merges = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
    kinds = [NORMAL] * len(tokens)
    for added in whole["added_tokens"]:
        kinds[added["id"]] = CONTROL if added["special"] else USER_DEFINED
    if model.get("byte_fallback"):
        unknown = ids.get(model.get("unk_token") or "<unk>", 0)
        kinds = [
            BYTE if is_byte(token) else kind for token, kind in zip(tokens, kinds, strict=True)
        ]
        kinds[unknown] = UNKNOWN
        order: dict[str, int] = {}
        for rank, merge in enumerate(merges):
            order.setdefault(merge.replace(" ", ""), rank)
        ranked = [-float(order.get(token, len(merges))) for token in tokens]
        begins = json.dumps([whole["normalizer"], whole["pre_tokenizer"]], ensure_ascii=False)
        spaced = '"Prepend"' in begins or ('"prepend_scheme"' in begins and '"never"' not in begins)
        own = sentencepiece_model(tokens, ranked, kinds, add_prefix_space=spaced)
        special = {n: getattr(vocabulary, n) for n in ("bos_id", "eos_id", "pad_id", "add_bos")}
        return SentencePieceVocabulary(own, **special, **said)
    pre = next((n for n, form in PRE_TOKENIZERS.items() if form == whole["pre_tokenizer"]), None)
    if pre is None or whole.get("normalizer"):
        raise ValueError("its tokenizer cuts a text in a way that has no name: it stays as it is")
    eos = vocabulary.eos_id if vocabulary.eos_id is not None else -1
    return BytePairVocabulary(
        pre=pre,
        tokens=tokens,
        token_types=kinds,
        merges=merges,
        bos_id=eos if vocabulary.bos_id is None else vocabulary.bos_id,
        eos_id=eos,
        pad_id=eos if vocabulary.pad_id is None else vocabulary.pad_id,
        add_bos=vocabulary.add_bos,
        **said,
    )


def is_byte(piece: str) -> bool:
    """Whether a piece is one of the 256 that spell what no other does."""
    return len(piece) == 6 and piece.startswith("<0x") and piece.endswith(">")


def json_tokens(text: str) -> dict[str, int]:
    """Token to id in a `tokenizer.json`, the added ones among them.

    Raises:
        ValueError: it is no such file.
    """
    try:
        values = json.loads(text)
        ids = values["model"]["vocab"]
        tokens = {name: i for name, i in ids.items() if type(i) is int}
        tokens |= {added["content"]: added["id"] for added in values["added_tokens"]}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("no tokenizer.json with a vocabulary of tokens and ids") from error
    return tokens
