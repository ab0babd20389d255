"""Tokenizers: any text round-trips, specials stay text, and both kinds behave alike."""

from __future__ import annotations

import base64
import itertools
import json
import os
import re
import struct
import threading
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
from hypothesis import example, given, settings
from hypothesis import strategies as st

import checkpoints
import tokenizer as tokenizer_script
from checkpoints.tokenizer_files import saved_beside
from checkpoints.vocabulary import (
    LLAMA_3_WORDS,
    SentencePieceVocabulary,
    Vocabulary,
    as_json,
    byte_alphabet,
    sentencepiece_model,
)
from config import LlamaConfig
from tests.helpers import PROJECT, assert_user_error, vocabulary
from tokenizer import (
    BytePairTokenizer,
    JsonTokenizer,
    TextTokenizer,
    Tokenizer,
    load_tokenizer,
    make_tokenizer,
    tokenizer_for,
)

LLAMA_2 = Path(__file__).parent.parent.parent / "shared" / "models" / "tokenizer.model"
AWKWARD = [
    "", " ", "  a  b ", "a\r\nb\t\n", "\u2581", "x\u2581 y\u2581", "</s>", "<s>x",
    "<|im_end|>", "it's 2026, don't", "e\u0301 ﬁ \ufeff", "🦙 \U0010ffff\u0378", "\x00\x01\x7f",
    "naïve ÀÖ",
]  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SentencePiece model of Llama 2's kind: BPE, byte fallback, identity normalisation."""
    folder = tmp_path_factory.mktemp("sentencepiece")
    words = [
        "the",
        "cat",
        "sat",
        "on",
        "a",
        "mat",
        "while",
        "the",
        "llama",
        "ate",
        "this",
        "hat",
        "and",
        "that",
        "bat",
        "in",
        "the",
        "rain",
    ]
    (folder / "text.txt").write_text("\n".join(" ".join(words[i:]) for i in range(len(words))))
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "text.txt"), model_prefix=str(folder / "tokenizer"), vocab_size=320,
        model_type="bpe", byte_fallback=True, normalization_rule_name="identity",
        remove_extra_whitespaces=False, character_coverage=1.0, split_digits=True,
        allow_whitespace_only_pieces=True, minloglevel=2,
    )  # fmt: skip
    return folder / "tokenizer.model"


def model_of_arrays(trained: Path) -> bytes:
    """The model, made anew of what GGUF and llama2.c hold of one: pieces, scores and kinds."""
    model = sentencepiece.SentencePieceProcessor(model_file=str(trained))
    ids = range(model.vocab_size())
    kinds = [
        2 if model.is_unknown(i) else 3 if model.is_control(i) else 6 if model.is_byte(i) else 1
        for i in ids
    ]
    pieces, scores = map(model.id_to_piece, ids), map(model.get_score, ids)
    return sentencepiece_model(list(pieces), list(scores), kinds)


@pytest.fixture(scope="module", params=["sentencepiece", "arrays", "byte pairs", "json", "llama 2"])
def tokenizer(request: pytest.FixtureRequest, trained: Path) -> TextTokenizer:
    if request.param in ("byte pairs", "json"):
        pytest.importorskip("tokenizers")
        own = vocabulary()
        return make_tokenizer(own if request.param == "byte pairs" else as_json(own))
    if request.param == "arrays":
        return make_tokenizer(SentencePieceVocabulary(model_of_arrays(trained)))
    if request.param == "llama 2":
        if not LLAMA_2.exists():
            pytest.skip("shared/models/tokenizer.model is not beside the project")
        return Tokenizer(tokenizer_model=LLAMA_2)
    return Tokenizer(tokenizer_model=trained)


@pytest.mark.parametrize("specials", [False, True])
@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_texts_round_trip(tokenizer: TextTokenizer, text: str, specials: bool) -> None:
    spelt = [s for s in ("<s>", "</s>", "<|im_end|>") if specials and s in text]
    decoded = tokenizer.decode(tokenizer.encode(text, bos=True, eos=True, specials=specials))
    if not spelt:
        assert decoded == text
    else:  # a token of the vocabulary leaves no trace, what only looks like one stays
        assert decoded in (text, text.replace(spelt[0], ""))


@given(text=st.text())
@example(text=" \u2581 <s>")
@settings(max_examples=200, deadline=None)
def test_any_text_round_trips(tokenizer: TextTokenizer, text: str) -> None:
    ids = tokenizer.encode(text, bos=False, eos=False)
    assert tokenizer.decode(ids) == text
    assert all(0 <= i < tokenizer.n_words for i in ids)
    assert not tokenizer.control_ids & set(ids)


def test_bos_eos_and_length(tokenizer: TextTokenizer) -> None:
    plain = tokenizer.encode("the cat in the rain", bos=False, eos=False)
    both = tokenizer.encode("the cat in the rain", bos=True, eos=True)
    assert both == [tokenizer.bos_id] * tokenizer.add_bos + plain + [tokenizer.eos_id]
    assert {tokenizer.bos_id, tokenizer.eos_id} <= tokenizer.control_ids
    assert tokenizer.encode("", bos=False, eos=False) == []
    tokenizer.max_len = 3
    try:
        assert tokenizer.encode("the cat in the rain", bos=False, eos=False) == plain[:3]
        assert tokenizer.encode("the cat in the rain", bos=True, eos=True)[-1] == tokenizer.eos_id
    finally:
        tokenizer.max_len = None


def test_a_special_token_is_made_only_on_request(tokenizer: TextTokenizer) -> None:
    spelling = "<|im_end|>" if isinstance(tokenizer, JsonTokenizer) else "</s>"
    for text in (spelling, f"a {spelling} b"):
        assert tokenizer.eos_id not in tokenizer.encode(text, bos=False, eos=False)
        ids = tokenizer.encode(text, bos=False, eos=False, specials=True)
        assert ids.count(tokenizer.eos_id) == 1
        assert tokenizer.id_to_token(tokenizer.eos_id) == spelling
        begin = " " * (spelling == "</s>" and text != spelling)  # a text begins anew after a piece
        assert tokenizer.decode(ids) == text.replace(spelling, begin)


def test_a_lone_surrogate_is_refused(tokenizer: TextTokenizer) -> None:
    with pytest.raises(ValueError, match="lone surrogate at index 2"):
        tokenizer.encode("ab\ud800c", bos=False, eos=False)
    with pytest.raises(TypeError, match="takes a str, got bytes"):
        tokenizer.encode(b"ab", bos=False, eos=False)  # type: ignore[arg-type]


@given(text=st.text(alphabet=st.characters(exclude_characters="\u2581", codec="utf-8")))
@settings(max_examples=200, deadline=None)
def test_equal_to_the_original_library(trained: Path, text: str) -> None:
    original = sentencepiece.SentencePieceProcessor(model_file=str(trained))
    assert Tokenizer(tokenizer_model=trained).encode(text, bos=False, eos=False) == original.encode(
        text
    )


@pytest.mark.skipif(not LLAMA_2.exists(), reason="shared/models/tokenizer.model is not there")
def test_llama_2s_own_model() -> None:
    tokenizer = Tokenizer(tokenizer_model=LLAMA_2)
    assert (tokenizer.n_words, tokenizer.bos_id, tokenizer.eos_id) == (32000, 1, 2)
    assert tokenizer.pad_id == 3
    assert tokenizer.encode("hello", bos=True, eos=True) == [1, 22172, 2]


def test_byte_pairs_by_hand() -> None:
    """Digits one by one although a merge joins them; the words cut as GPT-2 cuts them."""
    pytest.importorskip("tokenizers")
    tokenizer = BytePairTokenizer(vocabulary())
    ids = tokenizer.encode("12 the inner", bos=True, eos=False)
    pieces = [vocabulary().tokens[i] for i in ids]
    assert pieces == ["1", "2", "Ġthe", "Ġ", "in", "n", "er"]
    joined = BytePairTokenizer(vocabulary(pre="gpt-2")).encode("12", bos=False, eos=False)
    assert [vocabulary().tokens[i] for i in joined] == ["12"]


def test_the_byte_alphabet_is_the_librarys() -> None:
    tokenizers = pytest.importorskip("tokenizers")
    byte_level = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    assert set(byte_alphabet()) == set(byte_level.alphabet())
    for text in ("\x00\n !~\x7f", "¡¬®ÿ\xad", "é"):
        letters = "".join(byte_alphabet()[b] for b in text.encode())
        assert byte_level.pre_tokenize_str(text)[0][0] == letters


def test_a_byte_that_the_vocabulary_lacks_is_named() -> None:
    pytest.importorskip("tokenizers")
    gap = byte_alphabet()[4]
    tokens = ["<|unused|>" if token == gap else token for token in vocabulary().tokens]
    tokenizer = BytePairTokenizer(vocabulary(tokens=tokens))
    with pytest.raises(ValueError, match=r"character U\+0004 at index 1"):
        tokenizer.encode("a\x04b", bos=False, eos=False)


def test_bos_where_the_checkpoint_wants_it() -> None:
    pytest.importorskip("tokenizers")
    assert BytePairTokenizer(vocabulary(add_bos=True)).encode("t", True, False)[0] == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pre": "klingon"}, "pre-tokenisation 'klingon' is unknown; known: gpt-2"),
        ({"merges": ["x"]}, "its merges do not fit its tokens"),
        ({"merges": ["Ġ ☃"]}, "its merges do not fit its tokens"),
        ({"token_types": [1]}, "their types are of another number"),
        ({"eos_id": 99999}, "eos_id=99999 is outside"),
    ],
)
def test_a_vocabulary_that_contradicts_itself_is_refused(changes: dict, message: str) -> None:
    pytest.importorskip("tokenizers")
    with pytest.raises(ValueError, match=r".") as caught:
        BytePairTokenizer(vocabulary(**changes))
    assert message in str(caught.value)


def test_files_are_recognised_from_their_content(trained: Path, tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    (tmp_path / "a.model").write_bytes(vocabulary().to_file()[1])
    assert isinstance(load_tokenizer(tmp_path / "a.model"), BytePairTokenizer)
    assert isinstance(load_tokenizer(trained), Tokenizer)
    assert load_tokenizer(trained, max_len=2).max_len == 2


def test_a_file_that_is_no_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"absent\.model: no such file"):
        load_tokenizer(tmp_path / "absent.model")
    for content in (b"", b"\x00\x01noise", b"hello"):
        (tmp_path / "bad.model").write_bytes(content)
        with pytest.raises(ValueError, match=r"bad\.model: not a SentencePiece model"):
            load_tokenizer(tmp_path / "bad.model")
    wrong_types = {**vocabulary().to_dict(), "tokens": 5}
    deep = b'{"a":' + b"[" * 99_999
    for content in (b"{", b"{}", b'{"pre": 3}', deep, json.dumps(wrong_types).encode()):
        (tmp_path / "bad.json").write_bytes(content)
        with pytest.raises(ValueError, match=r"bad\.json"):
            load_tokenizer(tmp_path / "bad.json")
    with pytest.raises(ValueError, match="a path goes into tokenizer_model"):
        Tokenizer("tokenizer.model")  # type: ignore[arg-type]


def test_a_model_without_bos_and_eos(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("a film and a hat\n" * 9)
    sentencepiece.SentencePieceTrainer.train(
        input=str(tmp_path / "text.txt"), model_prefix=str(tmp_path / "t"), vocab_size=275,
        model_type="bpe", byte_fallback=True, bos_id=-1, eos_id=-1, minloglevel=2,
    )  # fmt: skip
    tokenizer = Tokenizer(tokenizer_model=tmp_path / "t.model")
    ids = tokenizer.encode("a film", bos=True, eos=True)
    assert ids == tokenizer.encode("a film", bos=False, eos=False)
    assert tokenizer.decode(ids) == "a film"


def checkpoint(path: Path, vocab_size: int, own: Vocabulary | None = None):
    return checkpoints.Checkpoint(path, "test", LlamaConfig(vocab_size=vocab_size), {}, own)


def test_where_a_checkpoints_tokenizer_comes_from(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tokenizers")
    monkeypatch.chdir(tmp_path)
    model = tmp_path / "X.pt"
    size = len(vocabulary().tokens)
    with pytest.raises(ValueError, match="no tokenizer for it"):
        tokenizer_for(checkpoint(model, 320))
    (tmp_path / "tokenizer.model").write_bytes(trained.read_bytes())
    assert tokenizer_for(checkpoint(model, 320)).n_words == 320
    (tmp_path / "far").mkdir()  # a checkpoint elsewhere has its own beside it
    (tmp_path / "far" / "tokenizer.model").write_bytes(model_of_arrays(trained))
    found = tokenizer_for(checkpoint(tmp_path / "far" / "Z.pt", 320))
    assert isinstance(found, Tokenizer)
    assert found.model_path.parent.name == "far"
    with saved_beside(vocabulary(), model):
        pass
    assert tokenizer_for(checkpoint(model, size)).n_words == size
    assert tokenizer_for(checkpoint(model, 320), path="tokenizer.model").n_words == 320
    assert tokenizer_for(checkpoint(tmp_path / "Y.gguf", size, vocabulary())).n_words == size
    with pytest.raises(ValueError, match="they do not belong together"):
        tokenizer_for(checkpoint(model, 999))


@pytest.mark.parametrize("kind", ["arrays", "json"])
def test_what_is_said_beside_the_tokens_is_kept(trained: Path, tmp_path: Path, kind: str) -> None:
    """Another EOS, further stops and a template come back from the file beside a checkpoint."""
    said: dict[str, Any] = {"add_bos": False, "stop_ids": [9, 10], "chat_template": "{{ x }}"}
    if kind == "json":
        pytest.importorskip("tokenizers")
        own: Any = replace(as_json(vocabulary()), eos_id=8, **said)
    else:
        own = SentencePieceVocabulary(model_of_arrays(trained), eos_id=8, **said)
    with saved_beside(make_tokenizer(own).vocabulary, tmp_path / "m.pt"):
        pass
    found = load_tokenizer(tmp_path / "m.tokenizer.json")
    assert (found.eos_id, found.add_bos, found.chat_template) == (8, False, "{{ x }}")
    assert {8, 9, 10} <= found.control_ids
    plain = found.encode("the cat", bos=True, eos=False)
    assert found.bos_id not in plain
    assert found.decode([*plain, 8, 9, 10, found.n_words + 7]) == "the cat"
    for name in ("stop_ids", "eos_id"):
        outside = [-1] if name == "stop_ids" else 9999
        with pytest.raises(ValueError, match=f"{name}=.*outside"):
            make_tokenizer(replace(own, **{name: outside}))


@pytest.mark.parametrize("kind", [1, 4])
def test_an_eos_that_is_typed_as_text_still_ends_one(kind: int) -> None:
    pytest.importorskip("tokenizers")
    own = vocabulary()
    types = [kind if i == own.eos_id else k for i, k in enumerate(own.token_types)]
    tokenizer = BytePairTokenizer(replace(own, token_types=types))
    assert tokenizer.eos_id in tokenizer.control_ids
    assert tokenizer.decode([*tokenizer.encode("the", bos=False, eos=True)]) == "the"
    assert tokenizer.eos_id not in tokenizer.encode("a <|im_end|>", bos=False, eos=False)


def test_what_is_not_said_is_guessed_and_told() -> None:
    pytest.importorskip("tokenizers")
    own = vocabulary()
    llama_3 = replace(
        own, tokens=[*own.tokens, "<|begin_of_text|>"], token_types=[*own.token_types, 3]
    )
    for vocab, pre, guess in (
        (own, None, "does not say how a text is cut into words: gpt-2"),
        (own, "default", "says 'default' of how a text is cut into words: gpt-2"),
        (llama_3, None, "does not say how a text is cut into words: llama-bpe"),
        (llama_3, "default", "says 'default' of how a text is cut into words: llama-bpe"),
    ):
        tokenizer = BytePairTokenizer(replace(vocab, pre=pre, add_bos=None))
        assert guess in tokenizer.guesses[0]
        assert tokenizer.add_bos is (vocab is llama_3)
        how = "with" if vocab is llama_3 else "without"
        assert f"if texts begin with BOS: {how}, " in tokenizer.guesses[1]
    assert not BytePairTokenizer(own).guesses


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vocabulary in Llama 3's format: all bytes, and what merges most often in the README."""
    words = [list(re.findall(rb"(?s).", w)) for w in (PROJECT / "README.md").read_bytes().split()]
    tokens = [bytes([b]) for b in range(256)]
    for _ in range(200):
        pairs = Counter(pair for word in words for pair in itertools.pairwise(word))
        (a, b), _count = max(pairs.items(), key=lambda item: (item[1], item[0]))
        tokens.append(a + b)
        for word in words:
            for i in reversed(range(len(word) - 1)):
                if i + 1 < len(word) and word[i : i + 2] == [a, b]:
                    word[i : i + 2] = [a + b]
    lines = (b"%s %d" % (base64.b64encode(t), i) for i, t in enumerate(dict.fromkeys(tokens)))
    path = tmp_path_factory.mktemp("ranks") / "tokenizer.model"
    path.write_bytes(b"\n".join(lines))
    return path


@given(text=st.text() | st.from_regex(r"[a-z 0-9.,'\n]{0,60}", fullmatch=True))
@example(text="<|begin_of_text|> I'M  12345\r\n\n  x")
@settings(max_examples=300, deadline=None)
def test_llama_3s_format_is_read_as_by_tiktoken(ranks: Path, text: str) -> None:
    tiktoken = pytest.importorskip("tiktoken")
    pytest.importorskip("tokenizers")
    ours, theirs = llama_3_pair(ranks, tiktoken)
    ids = ours.encode(text, bos=False, eos=False)
    assert ids == theirs.encode(text, disallowed_special=())
    assert ours.decode([ours.bos_id, *ids, ours.eos_id]) == text


@cache
def llama_3_pair(ranks: Path, tiktoken: Any) -> tuple[TextTokenizer, Any]:
    lines = [line.split() for line in ranks.read_bytes().splitlines()]
    table = {base64.b64decode(token): int(rank) for token, rank in lines}
    theirs = tiktoken.Encoding("x", pat_str=LLAMA_3_WORDS, mergeable_ranks=table, special_tokens={})
    return load_tokenizer(ranks), theirs


def test_llama_3s_specials_follow_its_tokens(ranks: Path) -> None:
    pytest.importorskip("tokenizers")
    tokenizer = load_tokenizer(ranks)
    n = tokenizer.n_words - 256
    assert (tokenizer.bos_id, tokenizer.eos_id, tokenizer.pad_id) == (n, n + 1, n + 4)
    spelt = "<|eot_id|><|start_header_id|>"
    assert tokenizer.encode(spelt, bos=True, eos=False, specials=True) == [n, n + 9, n + 6]
    assert {n, n + 1, n + 8, n + 9} <= tokenizer.control_ids
    for damaged in (b"AA== 0\nAA== x", b"AA== 0\nAQ== 2", b"AA== 0\n!! 1"):
        ranks.with_name("bad.model").write_bytes(damaged)
        with pytest.raises(ValueError, match=r"bad\.model: (line 2|ranks)"):
            load_tokenizer(ranks.with_name("bad.model"))


def test_a_padded_embedding_is_no_error(trained: Path, tmp_path: Path) -> None:
    beside = tmp_path / "m.tokenizer.model"
    beside.write_bytes(trained.read_bytes())
    assert tokenizer_for(checkpoint(tmp_path / "m.pt", 328)).n_words == 320
    for rows in (319, 400):
        with pytest.raises(ValueError, match="do not belong together"):
            tokenizer_for(checkpoint(tmp_path / "m.pt", rows))
    own = SentencePieceVocabulary(trained.read_bytes())  # its own may be as short as it likes
    assert tokenizer_for(checkpoint(tmp_path / "m.pt", 999, own)).n_words == 320
    with pytest.raises(ValueError, match="do not belong together"):
        tokenizer_for(checkpoint(tmp_path / "m.pt", 319, own))


def test_the_command_exports_llama2cs_form(trained: Path, tmp_path: Path, run_here) -> None:
    out = tmp_path / "out.bin"
    result = run_here(tokenizer_script.main, "-t", str(trained), "-o", str(out), cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    content = (tmp_path / "out.bin").read_bytes()
    original = sentencepiece.SentencePieceProcessor(model_file=str(trained))
    longest, offset = struct.unpack_from("<I", content)[0], 4
    tokens: list[bytes] = []
    while offset < len(content):
        score, length = struct.unpack_from("<fI", content, offset)
        assert score == pytest.approx(original.get_score(len(tokens)))
        tokens.append(content[offset + 8 : offset + 8 + length])
        offset += 8 + length
    assert len(tokens) == 320
    assert longest == max(map(len, tokens))
    assert tokens[1:3] == [b"\n<s>\n", b"\n</s>\n"]
    assert b" the" in tokens


def test_the_command_in_the_working_folder(trained: Path, tmp_path: Path, run_here) -> None:
    assert_user_error(
        run_here(tokenizer_script.main, cwd=tmp_path), "tokenizer.model: no such file"
    )
    (tmp_path / "tokenizer.model").write_bytes(trained.read_bytes())
    assert run_here(tokenizer_script.main, cwd=tmp_path).returncode == 0
    assert (tmp_path / "tokenizer.bin").exists()


def test_a_saved_tokenizer_is_found_again_and_none_of_another_kind(
    trained: Path, tmp_path: Path
) -> None:
    pytest.importorskip("tokenizers")
    for saved in (BytePairTokenizer(vocabulary()), Tokenizer(tokenizer_model=trained)):
        with saved_beside(saved.vocabulary, tmp_path / "X.pt"):
            pass
        (file,) = tmp_path.iterdir()
        assert file.name == f"X.tokenizer.{saved.vocabulary.to_file()[0]}"
        again = load_tokenizer(file)
        assert type(again) is type(saved)
        assert again.encode("the 12 heroes", True, True) == saved.encode(
            "the 12 heroes", True, True
        )
    assert json.loads(vocabulary().to_file()[1])["pre"] == "smollm"


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=60))
@example(text="two  spaces, an \u00e9, \u2581 and \U0001f600\U0001f600 \u2581\u2581")
def test_ends_are_where_tokens_end(tokenizer: TextTokenizer, text: str) -> None:
    """The beginning of a text has the beginning of its tokens, where a character is whole."""
    ids, ends = tokenizer.encode(text, False, False), tokenizer.ends(text)
    assert len(ends) == len(ids)
    assert ends == sorted(ends)
    assert not ends or ends[-1] == len(text)
    for n in range(1, len(ids)):
        if tokenizer.decode(ids[:n]) == text[: ends[n - 1]]:
            again = tokenizer.encode(text[: ends[n - 1]], False, False)
            assert tokenizer.decode(again) == text[: ends[n - 1]]


def test_ends_by_hand(trained: Path) -> None:
    tokenizer = Tokenizer(tokenizer_model=trained)
    text = "\U0001f600 \u2581"  # a space, four bytes, a space, three bytes
    assert tokenizer.ends(text) == [0, 0, 0, 0, 1, 2, 3, 3, 3]


def test_a_tokenizer_may_come_from_a_pipe(trained: Path) -> None:
    reader, writer = os.pipe()

    def fill() -> None:
        with open(writer, "wb") as pipe:
            pipe.write(trained.read_bytes())

    thread = threading.Thread(target=fill)
    thread.start()
    tokenizer = load_tokenizer(f"/dev/fd/{reader}")
    thread.join()
    os.close(reader)
    assert tokenizer.n_words == Tokenizer(tokenizer_model=trained).n_words


def test_ends_of_the_bytes_of_a_character() -> None:
    pytest.importorskip("tokenizers")
    tokenizer = BytePairTokenizer(vocabulary())
    assert tokenizer.ends("a\u00e9\U0001f600b") == [1, 1, 2, 2, 2, 2, 3, 4]
