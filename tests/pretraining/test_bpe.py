"""BPE: equal to its plain form, to tiktoken, to Hugging Face's library; streams and files."""

from __future__ import annotations

import random
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.helpers import PROJECT, run_code, write
from tests.test_tokenizer_lines import SHARED, lines
from tokenizer import load_tokenizer

regex = pytest.importorskip("regex")

from pretraining import bpe, plain_bpe, words  # noqa: E402
from pretraining.bpe import BPETokenizer, train_bpe  # noqa: E402
from pretraining.words import WORDS, count_words, dividing_places, special_pattern  # noqa: E402

END = "<|endoftext|>"
GPT_2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
SEPARATORS = "\x1c\x1d\x1e\x1f"  # white space to Python, not to Unicode
PIECES = ["a", "b", "ab", " ", "  ", "\n", "\r\n", "'s", "'", ".", "é", "。", "1", "12", "\u2003"]
texts = st.lists(st.sampled_from([*PIECES, END, "<|", "|>"]), max_size=60).map("".join) | st.text()


@contextmanager
def same_words() -> Iterator[None]:
    """The plain form cuts by Python's own expressions, which differ on a few characters."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_bpe, "WORDS", WORDS)
        yield


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[int, bytes], bpe.Merges]:
    """A vocabulary of 1,000 from this project's own words."""
    text = "".join(p.read_text(encoding="utf-8") for p in sorted(PROJECT.glob("*.md"))) * 2
    return train_bpe(write(tmp_path_factory.mktemp("bpe") / "text.txt", text + END), 1000, [END])


@given(text=texts, size=st.integers(0, 60), special=st.sampled_from([[], [END], ["<|", "<|ab"]]))
@example(text="aaa aaaa aaaaa", size=9, special=[])  # a pair that overlaps itself
@example(text="abab ababab", size=9, special=[])  # cuts with nothing between them
@settings(max_examples=300)
def test_training_is_equal_to_the_plain_form(
    tmp_path_factory: pytest.TempPathFactory, text: str, size: int, special: list[str]
) -> None:
    if not text.strip("\ufeff"):
        return
    path = write(tmp_path_factory.getbasetemp() / "plain.txt", text)
    size += 256 + len(special)
    with same_words():
        assert train_bpe(path, size, special, processes=1) == plain_bpe.train_bpe(
            text, size, special
        )


def test_the_greater_of_equal_pairs_is_merged(tmp_path: Path) -> None:
    """As bytes, not as numbers of tokens: ("A", "B"), ("BA", "A") and so on of the course."""
    _, merges = train_bpe(write(tmp_path / "t", "ab zz AB BA"), 260)
    assert merges[0] == (b"z", b"z")  # once, as "AB" and others
    assert merges == plain_bpe.train_bpe("ab zz AB BA", 260)[1]


@pytest.mark.parametrize("special", [[END], []])
def test_parts_and_processes_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, special: list[str]
) -> None:
    chance = random.Random(0)
    text = "".join(chance.choices([*PIECES, END, "the cat"], k=3000))
    path = write(tmp_path / "text.txt", text)
    whole: Counter[str] = Counter()
    for piece in special_pattern(special).split(text):
        whole.update(WORDS.findall(piece))
    monkeypatch.setattr(words, "WINDOW", 8)
    for size in (7, 100, 1000):
        monkeypatch.setattr(words, "PART", size)
        assert len(dividing_places(path, special, size)) > 3
        assert count_words(path, special, processes=1) == whole
    assert count_words(path, special, processes=3) == whole


def test_lines_of_other_scripts_are_places_to_divide(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "\u4f60\u597d\u3002\n\u0434\u0430 \u043d\u3000 x\u2003\n\u00a0 y\u0085\tz\n" * 40
    path = write(tmp_path / "text.txt", text)
    monkeypatch.setattr(words, "WINDOW", 8)
    monkeypatch.setattr(words, "PART", 20)
    assert len(dividing_places(path, [], 20)) > 40
    assert count_words(path, processes=1) == Counter(WORDS.findall(text))


def test_a_text_without_any_place_to_divide(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "PART", 10)
    path = write(tmp_path / "text.txt", "\u3042" * 500)
    assert dividing_places(path, [], 10) == [0, 1500]
    assert count_words(path, processes=1) == {"\u3042" * 500: 1}


@cache
def tiktoken_twin(vocab: tuple[tuple[int, bytes], ...], special: tuple[str, ...]) -> Any:
    tiktoken = pytest.importorskip("tiktoken")
    spelt = {text.encode(): text for text in special}
    ranks = {token: i for i, token in vocab if token not in spelt}
    specials = {spelt[token]: i for i, token in vocab if token in spelt}
    return tiktoken.Encoding("x", pat_str=GPT_2, mergeable_ranks=ranks, special_tokens=specials)


@given(text=texts, times=st.sampled_from([1, 50]))
@example(text="a\x1cb\x85c", times=1)  # white space to Python's re, and to Unicode
@settings(max_examples=300)
def test_the_fast_cut_is_the_expression(text: str, times: int) -> None:
    assert words.split_words(text * times) == WORDS.findall(text * times)


@given(text=st.text())
@settings(max_examples=300)
def test_the_plain_cut_is_the_expression_but_for_numerals_and_separators(text: str) -> None:
    def same(letter: str) -> bool:
        return unicodedata.category(letter) not in ("Nl", "No", "Cn") and letter not in SEPARATORS

    text = "".join(filter(same, text))
    assert plain_bpe.WORDS.findall(text) == WORDS.findall(text)


@given(text=texts)
@example(text="aabab" * 40)  # too long for a list
@settings(max_examples=300)
def test_encoding_is_equal_to_the_plain_form(
    trained: tuple[dict[int, bytes], bpe.Merges], text: str
) -> None:
    vocab, merges = trained
    vocab = {**vocab, len(vocab): (END + END).encode()}
    special = [END, END + END]
    with same_words():
        ids = plain_bpe.encode_bpe(text, vocab, merges, special)
    assert BPETokenizer(vocab, merges, special).encode(text) == ids


@given(text=texts)
@example(text="aabab" * 40)  # too long for a list
@settings(max_examples=300)
def test_equal_to_tiktoken(trained: tuple[dict[int, bytes], bpe.Merges], text: str) -> None:
    vocab, merges = trained
    tokenizer = BPETokenizer(vocab, merges, [END])
    ids = tokenizer.encode(text)
    assert ids == tiktoken_twin(tuple(vocab.items()), (END,)).encode(text, allowed_special="all")
    assert tokenizer.decode(ids) == text


@pytest.mark.slow
def test_equal_to_tiktoken_and_to_hugging_face_on_many_lines(
    trained: tuple[dict[int, bytes], bpe.Merges], tmp_path: Path
) -> None:
    vocab, merges = trained
    tokenizer = BPETokenizer(vocab, merges, [END])
    theirs = tiktoken_twin(tuple(vocab.items()), (END,))
    tokenizer.export(tmp_path / "tokenizer.json")
    twin = load_tokenizer(tmp_path / "tokenizer.json")
    whole = [path.read_text(encoding="utf-8")[:200_000] for path in sorted(SHARED.glob("*.txt"))]
    for text in [*lines(), *whole]:
        ids = tokenizer.encode(text)
        assert ids == theirs.encode(text, allowed_special="all"), text[:100]
        assert ids == twin.encode(text, bos=False, eos=False, specials=True), text[:100]


@given(text=texts, sizes=st.lists(st.integers(1, 9), min_size=1), soon=st.sampled_from([1, 4, 20]))
@settings(max_examples=300)
def test_a_stream_is_encoded_as_the_whole(
    trained: tuple[dict[int, bytes], bpe.Merges], text: str, sizes: list[int], soon: int
) -> None:
    vocab, merges = trained
    tokenizer = BPETokenizer(vocab, merges, [END, END + END, "b\n"])
    parts, start, n = [], 0, 0
    while start < len(text):
        parts.append(text[start : start + sizes[n % len(sizes)]])
        start, n = start + len(parts[-1]), n + 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bpe, "SOON", soon)
        assert list(tokenizer.encode_iterable(parts)) == tokenizer.encode(text)


def test_a_stream_keeps_little(trained: tuple[dict[int, bytes], bpe.Merges]) -> None:
    """Ids come long before the text ends, and what waits stays short."""
    tokenizer = BPETokenizer(*trained, [END])
    read = 0

    def endless():
        nonlocal read
        while True:
            read += 1
            yield "The quick brown llama. "

    ids = tokenizer.encode_iterable(endless())
    for _ in range(100_000):
        next(ids)
    assert read * 23 < 100_000 * 8 + 2 * bpe.SOON


def test_the_longest_of_overlapping_specials(trained: tuple[dict[int, bytes], bpe.Merges]) -> None:
    vocab, merges = trained
    tokenizer = BPETokenizer(vocab, merges, [END, END + END])
    assert tokenizer.special_tokens == [END, END + END]
    ids = tokenizer.encode(f"a{END}{END}{END}b")
    assert [tokenizer.decode([i]) for i in ids] == ["a", END + END, END, "b"]
    assert max(tokenizer.vocab) == len(vocab)  # the new one was added


def test_bytes_that_are_no_utf_8_and_ids_that_are_none(
    trained: tuple[dict[int, bytes], bpe.Merges],
) -> None:
    tokenizer = BPETokenizer(*trained, [END])
    assert tokenizer.decode([ord("a"), 0xE9, ord("b")]) == "a\ufffdb"
    with pytest.raises(ValueError, match="token 100000 is outside the vocabulary"):
        tokenizer.decode([100000])


def test_its_files_come_back(trained: tuple[dict[int, bytes], bpe.Merges], tmp_path: Path) -> None:
    tokenizer = BPETokenizer(*trained, [END])
    tokenizer.save(tmp_path / "vocab.json", tmp_path / "merges.txt")
    again = BPETokenizer.from_files(tmp_path / "vocab.json", tmp_path / "merges.txt", [END])
    assert (again.vocab, again.merges) == (tokenizer.vocab, tokenizer.merges)
    text = f"The naïve llama's 12 \u3042{END}"
    assert again.encode(text) == tokenizer.encode(text)
    tokens = pytest.importorskip("tokenizers")
    theirs = tokens.ByteLevelBPETokenizer(
        str(tmp_path / "vocab.json"), str(tmp_path / "merges.txt")
    )
    assert theirs.encode("The naïve llama's 12 \u3042").ids == again.encode(text)[:-1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"vocab_size": 256, "special_tokens": [END]}, "vocab_size=256: .* take 257"),
        ({"special_tokens": [""]}, "special_tokens: one is empty"),
        ({"special_tokens": ["a", "a"]}, "special_tokens: 'a' comes twice"),
        ({"input_path": "none.txt"}, "none.txt: No such file"),
        ({"input_path": "empty.txt"}, "empty.txt: the file is empty"),
        ({"input_path": "latin.txt"}, r"latin.txt: not UTF-8 at byte 5,000 \(.*errors=replace"),
    ],
)
def test_bad_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: dict[str, Any], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(words, "PART", 1000)
    write(tmp_path / "text.txt", "a b")
    write(tmp_path / "empty.txt", "")
    write(tmp_path / "latin.txt", b"word " * 1000 + b"\xe9t\xe9")
    with pytest.raises(ValueError, match=message):
        train_bpe(**{"input_path": "text.txt", "vocab_size": 300, **arguments})
    found = train_bpe("latin.txt", 300, errors="replace", processes=1)
    assert "\ufffd".encode()[:2] in found[0].values()


@pytest.mark.parametrize(
    ("vocab", "merges", "message"),
    [
        ("[]", "", "no JSON|must|no object"),
        ('{"a": "b"}', "", "no JSON of tokens and ids"),
        ('{"\\u3042": 1}', "", "no JSON of tokens and ids"),
        ('{"a": 0}', "", "vocab lacks the token"),
        (None, "a b c", "no merges of"),
        (None, "z qq", "no merges of .*vocab lacks"),
        (None, None, "merges.txt: No such file"),
    ],
)
def test_files_that_do_not_fit(
    trained: tuple[dict[int, bytes], bpe.Merges],
    tmp_path: Path,
    vocab: str | None,
    merges: str | None,
    message: str,
) -> None:
    BPETokenizer(*trained).save(tmp_path / "vocab.json", tmp_path / "merges.txt")
    if vocab is not None:
        write(tmp_path / "vocab.json", vocab)
    (tmp_path / "merges.txt").unlink()
    if merges is not None:
        write(tmp_path / "merges.txt", merges)
    with pytest.raises(ValueError, match=message):
        BPETokenizer.from_files(tmp_path / "vocab.json", tmp_path / "merges.txt")


PEAK = """
import re, sys
from pathlib import Path
from pretraining.bpe import train_bpe

for path in sys.argv[1:]:
    train_bpe(path, 300, processes=1)
    print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux")
def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """20 MB of text take little more than 5 MB of it, which is more than is cut at once."""
    line = "".join(f"The {n} cats sat on {n % 7} mats.\n" for n in range(1000))
    texts = [write(tmp_path / f"{m}.txt", line * (m * 1_000_000 // len(line))) for m in (5, 20)]
    done = run_code(PEAK, *texts)
    assert done.returncode == 0, done.stderr
    before, after = map(int, done.stdout.split())  # kB
    assert after < before + 12_000
