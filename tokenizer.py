"""Text to token ids and back: SentencePiece, or the byte-level BPE that a checkpoint brings.

Both have the same methods and attributes (`TextTokenizer`), and nothing else asks which kind it
has. As a script, it writes a SentencePiece model in llama2.c's binary form:

    python tokenizer.py -t tokenizer.model
"""

from __future__ import annotations

import support.early  # noqa: F401

# isort: split

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sentencepiece import SentencePieceProcessor

import checkpoints
from checkpoints.tokenizer_files import TOKENIZER_MODEL, as_llama2c, places, read_vocabulary
from checkpoints.vocabulary import (
    SPACE,
    BytePairVocabulary,
    JsonVocabulary,
    SentencePieceVocabulary,
    Vocabulary,
    as_json,
    byte_alphabet,
    pieces_of,
    without_gaps,
)
from support import errors
from support.files import atomic_path

PADDING = 1 / 32  # an embedding may have so many more rows than tokens: many are padded, for speed


class TextTokenizer(ABC):
    """What every tokenizer offers."""

    bos_id: int
    eos_id: int
    pad_id: int
    n_words: int  # V
    add_bos: bool = True  # whether the checkpoint wants a text to begin with BOS
    control_ids: frozenset[int]  # tokens that are no text; the first one ends a generated text
    chat_template: str | None = None  # Jinja, if the checkpoint brings one
    guesses: tuple[str, ...] = ()  # what the checkpoint does not say, and what was taken
    max_len: int | None  # tokens of a text that are kept
    vocabulary: Vocabulary  # what it was made of

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
    def id_to_token(self, i: int) -> str:
        """How the vocabulary spells a token, `</s>` or `▁the`; nothing where it has a gap."""

    def _take(self, vocabulary: Vocabulary) -> set[int]:
        """Take what a checkpoint says beside its tokens; returns those that end a text.

        Raises:
            ValueError: one of them is outside the vocabulary.
        """
        self.chat_template = vocabulary.chat_template
        for name in ("bos_id", "eos_id", "pad_id", "add_bos"):
            if (value := getattr(vocabulary, name)) is not None:
                setattr(self, name, value)
        named = [(name, getattr(self, name)) for name in ("bos_id", "eos_id", "pad_id")]
        for name, i in [*named, *(("stop_ids", i) for i in vocabulary.stop_ids)]:
            if not -(name != "stop_ids") <= i < self.n_words:  # -1 is none
                raise ValueError(f"tokenizer: {name}={i} is outside its {self.n_words} tokens")
        ends = {*vocabulary.stop_ids, *([self.eos_id] if self.eos_id >= 0 else [])}
        self.add_bos = self.add_bos and self.bos_id >= 0
        return ends

    def _texts(self, t: Sequence[int]) -> list[int]:
        """The tokens that are text: no control tokens, no padded rows of an embedding."""
        return [i for i in t if i < self.n_words and i not in self.control_ids]

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

    def __init__(
        self,
        max_len: int | None = None,
        tokenizer_model: str | os.PathLike[str] | None = None,
        vocabulary: SentencePieceVocabulary | None = None,
    ) -> None:
        """Load `tokenizer_model`, by default `tokenizer.model` in the working folder.

        Args:
            max_len: tokens of a text that are kept.
            vocabulary: what that file holds, if it has been read, and what is said beside it.

        Raises:
            ValueError: the file is missing or no SentencePiece model, or max_len is no length.
        """
        self._set_max_len(max_len)
        self.model_path = Path(TOKENIZER_MODEL if tokenizer_model is None else tokenizer_model)
        if vocabulary is None:
            found = read_vocabulary(self.model_path)
            if not isinstance(found, SentencePieceVocabulary):
                raise ValueError(f"{self.model_path}: not a SentencePiece model")
            vocabulary = found
        self.vocabulary: SentencePieceVocabulary = vocabulary
        try:
            self.sp_model = SentencePieceProcessor()
            self.sp_model.LoadFromSerializedProto(vocabulary.model)
            self.n_words = self.sp_model.vocab_size()
        except (RuntimeError, TypeError) as error:
            raise ValueError(f"{self.model_path}: not a SentencePiece model") from error
        self.bos_id = self.sp_model.bos_id()
        self.eos_id = self.sp_model.eos_id()
        self.add_bos = self.bos_id >= 0  # -1: a model without one
        # Llama 2's model defines no padding (-1); the byte piece of NUL stands in for it.
        self.pad_id = self.sp_model.piece_to_id("<0x00>")
        ends = self._take(vocabulary)
        controls = {i for i in range(self.n_words) if self.sp_model.is_control(i)}
        self.control_ids = frozenset(controls | ends)
        # Spellings that need care: a control piece, which stays text unless asked for, and the
        # character that stands for a space inside the model, which would come back as one.
        self._controls = {self.sp_model.id_to_piece(i): [i] for i in sorted(self.control_ids)}
        self._bytes = {SPACE: [self.sp_model.piece_to_id(f"<0x{b:02X}>") for b in SPACE.encode()]}

    def _text_to_ids(self, s: str, specials: bool) -> list[int]:
        spellings = {**self._bytes, **(self._controls if specials else {})}
        parts = re.split(f"({'|'.join(map(re.escape, spellings))})", s)
        ids = self.sp_model.encode(parts[0])
        for spelling, text in zip(parts[1::2], parts[2::2], strict=True):
            # After a control piece a text begins anew, with its space: so have Meta and llama.cpp.
            following = self._continue if spelling in self._bytes else self.sp_model.encode
            ids += spellings[spelling] + following(text)
        return ids

    def id_to_token(self, i: int) -> str:
        return self.sp_model.id_to_piece(i)

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
        return self.sp_model.decode(self._texts(t))

    def export(self, path: str | os.PathLike[str] | None = None) -> Path:
        """Write llama2.c's binary form: the longest token's length, then score, length and bytes.

        Args:
            path: default, the model's own with `.bin` at the end.
        """
        path = self.model_path.with_suffix(".bin") if path is None else Path(path)
        content = as_llama2c(pieces_of(self.vocabulary.model), self.bos_id, self.eos_id)
        with atomic_path(path) as temporary:
            temporary.write_bytes(content)
        return path


class JsonTokenizer(TextTokenizer):
    """Hugging Face's `tokenizer.json`, run by its package `tokenizers` (extra `smollm2`)."""

    def __init__(self, vocabulary: JsonVocabulary, max_len: int | None = None) -> None:
        """Build the tokenizer.

        Raises:
            ValueError: the library makes nothing of it, an id is outside its tokens, or the
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
        try:
            self._tokenizer = tokenizers.Tokenizer.from_str(vocabulary.json)
            self._tokenizer.no_truncation()
            self._tokenizer.no_padding()
            ids = self._tokenizer.get_vocab(with_added_tokens=True)
            added = self._tokenizer.get_added_tokens_decoder()
            begun = self._tokenizer.encode("a").ids  # with what a text is to begin with
        except Exception as error:  # the library raises bare Exceptions
            raise ValueError(
                f"tokenizer: damaged, or its merges do not fit its tokens: {error}"
            ) from error
        self.n_words = max(ids.values(), default=-1) + 1
        self.bos_id = self.eos_id = self.pad_id = -1
        self.add_bos = bool(begun) and begun[0] == vocabulary.bos_id
        ends = self._take(vocabulary)
        if self.pad_id < 0:
            self.pad_id = max(self.eos_id, 0)
        self.control_ids = frozenset({i for i, token in added.items() if token.special} | ends)
        texts = [self._tokenizer.id_to_token(i) for i in sorted(ends)]
        # Of those that are listed as text, too: else a text could spell one, and it be printed.
        self._tokenizer.add_special_tokens([text for text in texts if text is not None])
        self._missing_bytes: frozenset[int] = frozenset()  # which no token can spell
        if type(self._tokenizer.decoder).__name__ == "ByteLevel":
            alphabet = enumerate(byte_alphabet())
            self._missing_bytes = frozenset(b for b, letter in alphabet if letter not in ids)

    def _text_to_ids(self, s: str, specials: bool) -> list[int]:
        # SmolLM2 has no token for 21 bytes, U+0004 among them; the library would drop them.
        if not self._missing_bytes.isdisjoint(s.encode()):
            index = next(i for i, c in enumerate(s) if self._missing_bytes & set(c.encode()))
            raise ValueError(
                f"character U+{ord(s[index]):04X} at index {index} of the text: this "
                "checkpoint's vocabulary has no token for its bytes; take it out"
            )
        return self._encoded(s, specials).ids

    def _encoded(self, s: str, specials: bool) -> Any:
        self._tokenizer.encode_special_tokens = not specials
        try:
            return self._tokenizer.encode(s, add_special_tokens=False)
        except Exception as error:  # the library raises bare ones, as for an unknown character
            raise ValueError(
                f"the tokenizer does not know all characters of the text {s[:40]!r}: {error}"
            ) from error

    def ends(self, s: str) -> list[int]:
        offsets = self._encoded(s, specials=False).offsets
        # The library gives each part of a character all of it; only the last one ends it.
        following = [*(start for start, _ in offsets[1:]), len(s)]
        return [min(end, start) for (_, end), start in zip(offsets, following, strict=False)]

    def id_to_token(self, i: int) -> str:
        return self._tokenizer.id_to_token(i) or ""

    def decode(self, t: Sequence[int]) -> str:
        return self._tokenizer.decode(self._texts(t), skip_special_tokens=True)


class BytePairTokenizer(JsonTokenizer):
    """Byte-level BPE as GPT-2 introduced it, from the vocabulary that a checkpoint brings.

    Radford et al. 2019, section 2.2.
    """

    def __init__(self, vocabulary: BytePairVocabulary, max_len: int | None = None) -> None:
        """Build the tokenizer.

        Raises:
            ValueError: the pre-tokenisation is unknown, the tables contradict one another, or the
                package tokenizers is not installed.
        """
        vocabulary, self.guesses = without_gaps(vocabulary)
        super().__init__(as_json(vocabulary), max_len)
        self.vocabulary = vocabulary


def make_tokenizer(vocabulary: Vocabulary, max_len: int | None = None) -> TextTokenizer:
    """The tokenizer of what a checkpoint says; raises a ValueError where that does not fit."""
    if isinstance(vocabulary, BytePairVocabulary):
        return BytePairTokenizer(vocabulary, max_len)
    if isinstance(vocabulary, JsonVocabulary):
        return JsonTokenizer(vocabulary, max_len)
    assert isinstance(vocabulary, SentencePieceVocabulary)
    return Tokenizer(max_len, vocabulary=vocabulary)


def load_tokenizer(path: str | os.PathLike[str], max_len: int | None = None) -> TextTokenizer:
    """Load a tokenizer from its own file; see `checkpoints.tokenizer_files.read_vocabulary`.

    Args:
        max_len: how many tokens of a text are kept.

    Raises:
        ValueError: the file is missing, damaged or no tokenizer.
    """
    vocabulary = read_vocabulary(path)
    if isinstance(vocabulary, SentencePieceVocabulary):
        return Tokenizer(max_len, path, vocabulary)
    try:
        return make_tokenizer(vocabulary, max_len)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def tokenizer_for(
    checkpoint: checkpoints.Checkpoint,
    max_len: int | None = None,
    path: str | os.PathLike[str] | None = None,
) -> TextTokenizer:
    """The tokenizer of a checkpoint X.pt.

    In this order: the file given as `path`, the one inside the checkpoint, `X.tokenizer.json`,
    `X.tokenizer.model`, `tokenizer.model` beside the checkpoint, and in the working folder.

    Raises:
        ValueError: there is none, or the embedding has fewer rows than it has tokens, or far more.
    """
    candidates = places(checkpoint.path)
    rows, own = checkpoint.config.vocab_size, path is None and checkpoint.vocabulary is not None
    if path is None and checkpoint.vocabulary is not None:
        path = checkpoint.path
        try:
            tokenizer = make_tokenizer(checkpoint.vocabulary, max_len)
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
    most = rows if own else int(tokenizer.n_words * (1 + PADDING))
    if not tokenizer.n_words <= rows <= most:
        raise ValueError(
            f"{path}: a tokenizer of {tokenizer.n_words} tokens, and the embedding of "
            f"{checkpoint.path} has {rows}: they do not belong together"
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
