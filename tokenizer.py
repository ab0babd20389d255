"""Text to token ids and back: SentencePiece, or the byte-level BPE that a checkpoint brings.

Both have the same methods and attributes (`TextTokenizer`), and nothing else asks which kind it
has. As a script, it writes a SentencePiece model in llama2.c's binary form:

    python tokenizer.py -t tokenizer.model
"""

from __future__ import annotations

import support.early  # noqa: F401

# isort: split

import json
import os
import re
import struct
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from sentencepiece import SentencePieceProcessor

import checkpoints
from support import errors
from support.files import atomic_path, read_bytes

TOKENIZER_MODEL = "tokenizer.model"  # Llama 2's, in the working folder
REMEDY = "it should hold a tokenizer; give --tokenizer FILE"
FILE_TYPES = ("json", "model")  # of a tokenizer beside a checkpoint, in the order of looking
SPACE = "\u2581"  # SentencePiece writes a space as this character
CONTROL, USER_DEFINED = 3, 4  # kinds of tokens in GGUF, beside 1 for text
# Llama 3 looks a whole word up before it applies any merge.
WHOLE_WORDS_FIRST = ("llama-bpe", "llama3", "llama-v3")
LLAMA_3_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


class TextTokenizer(ABC):
    """What every tokenizer offers."""

    bos_id: int
    eos_id: int
    pad_id: int
    n_words: int  # V
    add_bos: bool = True  # whether the checkpoint wants a text to begin with BOS
    control_ids: frozenset[int]  # tokens that are no text; the first one ends a generated text
    max_len: int | None  # tokens of a text that are kept
    file_type: str  # the ending of the file that holds it: model or json

    def encode(self, s: str, bos: bool, eos: bool, specials: bool = False) -> list[int]:
        """Turn a text into token ids.

        Args:
            s: any text without lone surrogates.
            bos: begin with BOS, if the checkpoint wants one at all (`add_bos`).
            eos: end with EOS.
            specials: turn what spells a special token, such as `</s>`, into that token. Off, as
                it has to be for text of others, it stays text.

        Returns:
            At most `max_len` ids, BOS and EOS not counted.

        Raises:
            ValueError: the vocabulary cannot spell a character of the text.
        """
        if not isinstance(s, str):
            raise TypeError(f"encode takes a str, got {type(s).__name__}")
        try:
            s.encode()
        except UnicodeEncodeError as error:
            raise ValueError(
                f"text is no valid Unicode: lone surrogate at index {error.start}"
            ) from error
        ids = self._text_to_ids(s, specials)[: self.max_len]
        return (
            [self.bos_id] * (bos and self.add_bos)
            + ids
            + [self.eos_id] * (eos and self.eos_id >= 0)
        )

    @abstractmethod
    def _text_to_ids(self, s: str, specials: bool) -> list[int]: ...

    @abstractmethod
    def ends(self, s: str) -> list[int]:
        """Where in a text each of its tokens ends, in characters.

        The first n tokens of `encode(s, bos=False, eos=False)` are those of s[: ends(s)[n - 1]].
        (Decoded, they may spell another text: a tokenizer may normalise what it reads.) A token
        that is a part of a character ends before it, unless it is the last part.
        """

    @abstractmethod
    def decode(self, t: Sequence[int]) -> str:
        """Turn token ids into text; control tokens leave no trace, invalid UTF-8 is U+FFFD."""

    @abstractmethod
    def to_bytes(self) -> bytes:
        """The contents of the file that `load_tokenizer` makes it of."""

    def _set_max_len(self, max_len: int | None) -> None:
        if max_len is not None and (not isinstance(max_len, int) or max_len < 1):
            raise ValueError(
                f"max_len={max_len!r}: must be an integer of at least 1; "
                "a path goes into tokenizer_model"
            )
        self.max_len = max_len


class Tokenizer(TextTokenizer):
    """A SentencePiece model, such as Llama 2's with 32,000 pieces.

    Kudo and Richardson 2018, https://arxiv.org/abs/1808.06226. Characters outside the vocabulary
    are spelt in bytes, so any text round-trips.
    """

    file_type = "model"

    def __init__(
        self,
        max_len: int | None = None,
        tokenizer_model: str | os.PathLike[str] | None = None,
        content: bytes | None = None,
    ) -> None:
        """Load `tokenizer_model`, by default `tokenizer.model` in the working folder.

        Args:
            max_len: tokens of a text that are kept.
            content: what that file holds, if it has been read already.

        Raises:
            ValueError: the file is missing or no SentencePiece model, or max_len is no length.
        """
        self._set_max_len(max_len)
        self.model_path = Path(TOKENIZER_MODEL if tokenizer_model is None else tokenizer_model)
        if content is None:
            content = read_bytes(self.model_path, REMEDY)
        try:
            self.sp_model = SentencePieceProcessor()
            self.sp_model.LoadFromSerializedProto(content)
            self.n_words = self.sp_model.vocab_size()
        except (RuntimeError, TypeError) as error:
            raise ValueError(f"{self.model_path}: not a SentencePiece model") from error
        self.bos_id = self.sp_model.bos_id()
        self.eos_id = self.sp_model.eos_id()
        self.add_bos = self.bos_id >= 0  # -1: a model without one
        # Llama 2's model defines no padding (-1); the byte piece of NUL stands in for it.
        self.pad_id = self.sp_model.piece_to_id("<0x00>")
        self.control_ids = frozenset(i for i in range(self.n_words) if self.sp_model.is_control(i))
        # Spellings that need care: a control piece, which stays text unless asked for, and the
        # character that stands for a space inside the model, which would come back as one.
        self._controls = {self.sp_model.id_to_piece(i): [i] for i in sorted(self.control_ids)}
        self._bytes = {SPACE: [self.sp_model.piece_to_id(f"<0x{b:02X}>") for b in SPACE.encode()]}

    def _text_to_ids(self, s: str, specials: bool) -> list[int]:
        spellings = {**self._bytes, **(self._controls if specials else {})}
        parts = re.split(f"({'|'.join(map(re.escape, spellings))})", s)
        ids = self.sp_model.encode(parts[0])
        for spelling, text in zip(parts[1::2], parts[2::2], strict=True):
            ids += spellings[spelling] + self._continue(text)
        return ids

    def ends(self, s: str) -> list[int]:
        start, ends = 0, []
        for number, text in enumerate(s.split(SPACE)):
            if number:  # its bytes come first
                start += len(SPACE)
                ends += [start] * len(self._bytes[SPACE])
            found = self.sp_model.encode("\n" * bool(number) + text, return_type="offset_mapping")
            new = [end for _, end in found["offsets"]]
            if number:
                new = [end - 1 for end in new[len(self.sp_model.encode("\n")) :]]
            ends += [start + end for end in new]
            start += len(text)
        return ends

    def _continue(self, text: str) -> list[int]:
        """Encode text in the middle of a line, without the space that begins one.

        A newline before it takes that space, and never merges with what follows.
        """
        return self.sp_model.encode("\n" + text)[len(self.sp_model.encode("\n")) :]

    def decode(self, t: Sequence[int]) -> str:
        return self.sp_model.decode(list(t))

    def to_bytes(self) -> bytes:
        return self.sp_model.serialized_model_proto()

    def export(self, path: str | os.PathLike[str] | None = None) -> Path:
        """Write llama2.c's binary form: the longest token's length, then score, length and bytes.

        Args:
            path: default, the model's own with `.bin` at the end.
        """
        path = self.model_path.with_suffix(".bin") if path is None else Path(path)
        spellings = {self.bos_id: "\n<s>\n", self.eos_id: "\n</s>\n"}
        tokens = [
            spellings.get(i, self.sp_model.id_to_piece(i)).replace(SPACE, " ").encode()
            for i in range(self.n_words)
        ]
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            file.write(struct.pack("<I", max(map(len, tokens))))
            for i, token in enumerate(tokens):
                file.write(struct.pack("<fI", self.sp_model.get_score(i), len(token)) + token)
        return path


class BytePairTokenizer(TextTokenizer):
    """Byte-level BPE as GPT-2 introduced it, from the vocabulary that a checkpoint brings.

    Radford et al. 2019, section 2.2. Needs the package `tokenizers` (extra `smollm2`).
    """

    file_type = "json"

    def __init__(
        self, vocabulary: checkpoints.BytePairVocabulary, max_len: int | None = None
    ) -> None:
        """Build the tokenizer.

        Raises:
            ValueError: the pre-tokenisation is unknown, the tables contradict one another, or the
                package tokenizers is not installed.
        """
        try:
            import tokenizers
        except ImportError as error:
            raise ValueError(
                "this checkpoint's tokenizer needs the package tokenizers (extra smollm2): "
                "pip install tokenizers"
            ) from error
        self._set_max_len(max_len)
        self.vocabulary = vocabulary
        tokens, kinds = vocabulary.tokens, vocabulary.token_types
        self.n_words = len(tokens)
        if len(kinds) != self.n_words or len(set(tokens)) != self.n_words:
            raise ValueError("tokenizer: tokens repeat, or their types are of another number")
        self.bos_id, self.eos_id = vocabulary.bos_id, vocabulary.eos_id
        self.pad_id, self.add_bos = vocabulary.pad_id, vocabulary.add_bos
        for name in ("bos_id", "eos_id", "pad_id"):
            if not 0 <= getattr(self, name) < self.n_words:
                raise ValueError(
                    f"tokenizer: {name}={getattr(self, name)} is outside its {self.n_words} tokens"
                )
        self.control_ids = frozenset(i for i, kind in enumerate(kinds) if kind == CONTROL)
        ids = {token: i for i, token in enumerate(tokens)}
        try:
            pairs = (merge.partition(" ") for merge in vocabulary.merges)
            merges = [(left, right) for left, _, right in pairs]
            model = tokenizers.models.BPE(
                vocab=ids, merges=merges, ignore_merges=vocabulary.pre in WHOLE_WORDS_FIRST
            )
        except Exception as error:  # the library raises bare Exceptions
            raise ValueError(f"tokenizer: its merges do not fit its tokens: {error}") from error
        self._tokenizer = tokenizers.Tokenizer(model)
        self._tokenizer.pre_tokenizer = _pre_tokenizer(tokenizers, vocabulary.pre)
        self._tokenizer.decoder = tokenizers.decoders.ByteLevel()
        self._tokenizer.add_tokens(
            [
                tokenizers.AddedToken(tokens[i], special=kind == CONTROL, normalized=False)
                for i, kind in enumerate(kinds)
                if kind in (CONTROL, USER_DEFINED)
            ]
        )
        self._missing_bytes = {b for b, letter in enumerate(byte_alphabet()) if letter not in ids}

    def _text_to_ids(self, s: str, specials: bool) -> list[int]:
        # SmolLM2 has no token for 21 bytes, U+0004 among them; the library would drop them.
        if not self._missing_bytes.isdisjoint(s.encode()):
            index = next(i for i, c in enumerate(s) if self._missing_bytes & set(c.encode()))
            raise ValueError(
                f"character U+{ord(s[index]):04X} at index {index} of the text: this "
                "checkpoint's vocabulary has no token for its bytes; take it out"
            )
        self._tokenizer.encode_special_tokens = not specials
        return self._tokenizer.encode(s, add_special_tokens=False).ids

    def ends(self, s: str) -> list[int]:
        self._tokenizer.encode_special_tokens = True
        offsets = self._tokenizer.encode(s, add_special_tokens=False).offsets
        # The library gives each part of a character all of it; only the last one ends it.
        following = [*(start for start, _ in offsets[1:]), len(s)]
        return [min(end, start) for (_, end), start in zip(offsets, following, strict=False)]

    def decode(self, t: Sequence[int]) -> str:
        return self._tokenizer.decode(list(t), skip_special_tokens=True)

    def to_bytes(self) -> bytes:
        return json.dumps(self.vocabulary.to_dict(), ensure_ascii=False).encode()


def byte_alphabet() -> list[str]:
    """The printable character that stands for each byte in a byte-level vocabulary (GPT-2's).

    Printable Latin-1 stands for itself; the other 68 bytes take the characters from U+0100 on.
    """
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return [chr(b if b in printable else next(others)) for b in range(0x100)]


def _pre_tokenizer(library: ModuleType, name: str) -> Any:
    """How a text is cut into words before the merges, by its name in `tokenizer.ggml.pre`."""
    pre = library.pre_tokenizers
    words = pre.ByteLevel(add_prefix_space=False, use_regex=True)  # GPT-2's pattern
    if name in ("gpt-2", "gpt2", "default"):
        return words
    if name == "smollm":  # digits one by one
        return pre.Sequence([pre.Digits(individual_digits=True), words])
    if name in WHOLE_WORDS_FIRST:
        split = pre.Split(library.Regex(LLAMA_3_WORDS), behavior="isolated")
        return pre.Sequence([split, pre.ByteLevel(add_prefix_space=False, use_regex=False)])
    raise ValueError(f"pre-tokenisation {name!r} is unknown; known: gpt-2, smollm, llama-bpe")


@contextmanager
def saved_beside(tokenizer: TextTokenizer, checkpoint: Path) -> Iterator[None]:
    """Keep a tokenizer as `X.tokenizer.json` or `X.tokenizer.model` beside a checkpoint X.pt.

    The checkpoint is to be written within: if that fails, nothing has changed beside it either.
    """
    with atomic_path(beside(checkpoint, tokenizer.file_type)) as temporary:
        temporary.write_bytes(tokenizer.to_bytes())
        yield
    for file_type in FILE_TYPES:
        if file_type != tokenizer.file_type:  # an earlier one's, which would be found as well
            beside(checkpoint, file_type).unlink(missing_ok=True)


def beside(checkpoint: Path, file_type: str) -> Path:
    """The tokenizer of a checkpoint, where it is a file of its own."""
    return checkpoint.parent / f"{checkpoint.stem}.tokenizer.{file_type}"


def places(checkpoint: Path) -> list[Path]:
    """Where the tokenizer of a checkpoint is looked for, if it is not inside, in this order."""
    return [*(beside(checkpoint, file_type) for file_type in FILE_TYPES), Path(TOKENIZER_MODEL)]


def load_tokenizer(path: str | os.PathLike[str], max_len: int | None = None) -> TextTokenizer:
    """Load a tokenizer from its own file, recognised from the content.

    Args:
        path: a SentencePiece model, or an `X.tokenizer.json` of this project.
        max_len: how many tokens of a text are kept.

    Raises:
        ValueError: the file is missing, damaged or no tokenizer.
    """
    content = read_bytes(path, REMEDY)
    if not content.startswith(b"{"):
        return Tokenizer(max_len, path, content)
    try:
        vocabulary = checkpoints.BytePairVocabulary.from_dict(json.loads(content.decode("utf-8")))
        return BytePairTokenizer(vocabulary, max_len)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: {error}") from error


def tokenizer_for(
    checkpoint: checkpoints.Checkpoint,
    max_len: int | None = None,
    path: str | os.PathLike[str] | None = None,
) -> TextTokenizer:
    """The tokenizer of a checkpoint X.pt.

    In this order: the file given as `path`, the one inside the checkpoint, `X.tokenizer.json`,
    `X.tokenizer.model`, `tokenizer.model` in the working folder.

    Raises:
        ValueError: there is none, or it has another number of tokens than the embedding has rows.
    """
    candidates = places(checkpoint.path)
    tokenizer: TextTokenizer
    if path is None and checkpoint.vocabulary is not None:
        path = checkpoint.path
        try:
            tokenizer = BytePairTokenizer(checkpoint.vocabulary, max_len)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
    else:
        path = path or next((file for file in candidates if file.exists()), None)
        if path is None:
            raise ValueError(
                f"{checkpoint.path}: no tokenizer for it ({', '.join(map(str, candidates))}); "
                "give --tokenizer FILE, or fetch the course's: bash setup.sh --course"
            )
        tokenizer = load_tokenizer(path, max_len)
    if tokenizer.n_words != checkpoint.config.vocab_size:
        raise ValueError(
            f"{path}: a tokenizer of {tokenizer.n_words} tokens, and the embedding of "
            f"{checkpoint.path} has {checkpoint.config.vocab_size}: they do not belong together"
        )
    return tokenizer


def main() -> None:
    parser = errors.ArgumentParser(
        description="Write a SentencePiece model in llama2.c's binary form (.bin)."
    )
    parser.add_argument(
        "-t", "--tokenizer-model", default=TOKENIZER_MODEL, help="the model (default: %(default)s)"
    )
    parser.add_argument("-o", "--output", help="the file to write (default: the model's, as .bin)")
    arguments = parser.parse_args()
    tokenizer = Tokenizer(tokenizer_model=arguments.tokenizer_model)
    print(f"wrote {tokenizer.n_words} tokens to {tokenizer.export(arguments.output)}")


if __name__ == "__main__":
    errors.run(main)
