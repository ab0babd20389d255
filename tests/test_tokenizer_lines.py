"""Real tokenizers on 10,000 lines and more: each id is that of the original library."""

from __future__ import annotations

import base64
import random
import sys
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sentencepiece

import checkpoints
from checkpoints.tokenizer_files import as_llama2c
from checkpoints.vocabulary import (
    LLAMA_3_WORDS,
    BytePairVocabulary,
    SentencePieceVocabulary,
    byte_alphabet,
    pieces_of,
    sentencepiece_model,
)
from data import STAND_IN
from tests.helpers import PROJECT
from tests.test_tokenizer import AWKWARD, LLAMA_2
from tokenizer import Tokenizer, load_tokenizer, make_tokenizer, tokenizer_for

pytestmark = pytest.mark.slow
SHARED = PROJECT.parent / "shared" / "data"
SPECIALS = ("<s>", "</s>", "<unk>", "<|im_end|>", "<|endoftext|>", "<|begin_of_text|>", "[INST]")
# GPT-2's way to cut words, after digits that stand alone: as one expression.
SMOLLM_WORDS = (
    r"\p{N}|'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+(?=\p{N})|\s+(?!\S)|\s+"
)
needs_stand_in = pytest.mark.skipif(
    not STAND_IN.exists(), reason="the stand-in is not here: bash setup.sh prepares it"
)
needs_llama_2 = pytest.mark.skipif(
    not LLAMA_2.exists(), reason="shared/models/tokenizer.model is not there"
)


@cache
def lines() -> list[str]:
    """Code, prose, and what no corpus holds: any Unicode, digits, spaces, emoji, specials."""
    chance = random.Random(16)
    characters = [chr(i) for i in range(sys.maxunicode + 1) if unicodedata.category(chr(i)) != "Cs"]
    assigned = [c for c in characters if unicodedata.category(c) not in ("Cn", "Co")]
    emoji = [chr(i) for i in range(0x1F300, 0x1FAFF)] + ["\u200d", "\ufe0f", "\U0001f3fd"]

    def some(choices: Any, count: int, longest: int) -> list[str]:
        return [
            "".join(chance.choices(choices, k=chance.randrange(1, longest))) for _ in range(count)
        ]

    found = list(AWKWARD)
    for path in (PROJECT / "llama.py", PROJECT / "README.md", *sorted(PROJECT.glob("*/*.py"))):
        found += path.read_text(encoding="utf-8").splitlines()[:60]
    for path in sorted(SHARED.glob("*.txt")):
        found += path.read_text(encoding="utf-8", errors="replace").splitlines()[:500]
    found += some(characters, 500, 20) + some(assigned, 500, 20) + some(emoji, 300, 8)
    found += some("0123456789", 500, 20) + some("01 .,-$", 500, 20) + some(" \t\n\r\u00a0", 500, 9)
    found += some(["a", "the", " ", "  ", "'s", "\n", *SPECIALS], 500, 12)
    found += some("abcdefgh ABC '\u2019.", 2000, 30)
    assert len(found) >= 10_000
    return found


def assert_same_ids(ours: Any, theirs: Any, texts: list[str] | None = None) -> None:
    texts = lines() if texts is None else texts
    wrong = [text for text in texts if ours(text) != theirs(text)]
    assert not wrong, f"{len(wrong)} of {len(texts)}, first {wrong[0]!r}"


def of_original(model: bytes) -> Any:
    library = sentencepiece.SentencePieceProcessor()
    library.LoadFromSerializedProto(model)
    return library.encode


@needs_llama_2
@pytest.mark.parametrize("way", ["its own file", "arrays", "llama2.c's file"])
def test_llama_2(tmp_path: Path, way: str) -> None:
    """In arrays, as in a GGUF, and in llama2.c's file, the model is made anew."""
    model = LLAMA_2.read_bytes()
    if way == "arrays":
        taken = pieces_of(model)
        again = sentencepiece_model(taken.pieces, taken.scores, taken.kinds)
        tokenizer: Any = Tokenizer(vocabulary=SentencePieceVocabulary(again))
    elif way == "its own file":
        tokenizer = load_tokenizer(LLAMA_2)
    else:
        (tmp_path / "tokenizer.bin").write_bytes(as_llama2c(pieces_of(model), 1, 2))
        tokenizer = load_tokenizer(tmp_path / "tokenizer.bin")
    # The character for a space inside the model would come back as one: ours is spelt in bytes.
    texts = [text for text in lines() if "\u2581" not in text]
    assert len(texts) >= 10_000
    assert_same_ids(lambda t: tokenizer.encode(t, bos=False, eos=False), of_original(model), texts)


def ranks_of(vocabulary: BytePairVocabulary) -> dict[bytes, int]:
    """Token to rank, as tiktoken wants it, with all of the 256 bytes."""
    letters = {letter: bytes([b]) for b, letter in enumerate(byte_alphabet())}
    ranks = {
        b"".join(letters[c] for c in token): i
        for i, token in enumerate(vocabulary.tokens)
        if vocabulary.token_types[i] == 1 and all(c in letters for c in token)
    }
    missing = (bytes([b]) for b in range(256) if bytes([b]) not in ranks)
    return ranks | {byte: len(vocabulary.tokens) + n for n, byte in enumerate(missing)}


@needs_stand_in
def test_smollm2() -> None:
    tiktoken = pytest.importorskip("tiktoken")
    tokenizer = tokenizer_for(checkpoints.read(STAND_IN))
    assert isinstance(tokenizer.vocabulary, BytePairVocabulary)
    ranks = ranks_of(tokenizer.vocabulary)
    theirs = tiktoken.Encoding(
        "smollm", pat_str=SMOLLM_WORDS, mergeable_ranks=ranks, special_tokens={}
    )
    texts = [t for t in lines() if all(known(tokenizer, character) for character in set(t))]
    assert len(texts) >= 10_000
    assert_same_ids(
        lambda t: tokenizer.encode(t, bos=False, eos=False),
        lambda t: theirs.encode(t, disallowed_special=()),
        texts,
    )


@needs_stand_in
def test_llama_3s_format_at_its_size(tmp_path: Path) -> None:
    """SmolLM2's tokens in a file of Llama 3's kind, cut and merged as there."""
    tiktoken = pytest.importorskip("tiktoken")
    vocabulary = tokenizer_for(checkpoints.read(STAND_IN)).vocabulary
    assert isinstance(vocabulary, BytePairVocabulary)
    ordered = sorted(ranks_of(vocabulary).items(), key=lambda item: item[1])
    ranks = {token: rank for rank, (token, _) in enumerate(ordered)}
    path = tmp_path / "tokenizer.model"
    path.write_bytes(b"".join(b"%s %d\n" % (base64.b64encode(t), i) for t, i in ranks.items()))
    tokenizer = load_tokenizer(path)
    theirs = tiktoken.Encoding("3", pat_str=LLAMA_3_WORDS, mergeable_ranks=ranks, special_tokens={})
    assert_same_ids(
        lambda t: tokenizer.encode(t, bos=False, eos=False),
        lambda t: theirs.encode(t, disallowed_special=()),
    )


@needs_stand_in
def test_a_tokenizer_json_in_transformers(tmp_path: Path) -> None:
    """What `convert` writes, opened by transformers; specials are read there as such."""
    transformers = pytest.importorskip("transformers")
    huggingface = pytest.importorskip("checkpoints.huggingface")
    from checkpoints.tokenizer_files import from_folder

    vocabulary = tokenizer_for(checkpoints.read(STAND_IN)).vocabulary
    huggingface._write_tokenizer(tmp_path, vocabulary)
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    found = from_folder(tmp_path, {})
    assert found is not None
    ours = make_tokenizer(found)
    # Where the vocabulary lacks a byte ours says so, and theirs drops it.
    texts = [t for t in lines() if all(known(ours, character) for character in set(t))]
    assert len(texts) >= 10_000
    assert_same_ids(
        lambda t: ours.encode(t, bos=True, eos=False, specials=True), theirs.encode, texts
    )


@cache
def known(tokenizer: Any, character: str) -> bool:
    try:
        tokenizer.encode(character, bos=False, eos=False)
    except ValueError:
        return False
    return True
