"""Wrong versions of the fast twins, each of which a comparison catches.

(Of what the course `basics` teaches they are in `assignment/specimens/mistakes/`.)
"""

from __future__ import annotations

import importlib
import types
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("regex")

from pretraining import plain_bpe
from pretraining.words import WORDS

TEXTS = ["aaa aaaa aaaaa", "abab ababab", "ab zz AB BA", "the cat and the hat, then that\n\n  mat"]
TEXTS += [
    "low low low low lower lower widest widest widest newest newest newest newest newest newest"
]


def learns(bpe: Any) -> None:
    for text in TEXTS:
        counts = Counter(WORDS.findall(text))
        assert bpe.learn_merges(counts, 20)[1] == plain_bpe.train_bpe(text, 276)[1]


def encodes(bpe: Any) -> None:
    for text in TEXTS:
        vocab, merges = plain_bpe.train_bpe(text, 276)
        more = text + " aaaaaa bab"
        expected = plain_bpe.encode_bpe(more, vocab, merges)
        assert bpe.BPETokenizer(vocab, merges).encode(more) == expected


def cuts(words: Any) -> None:
    for text in [*TEXTS, "it's 12 o'clock", "a  b\n c\t\n"]:
        assert words.split_words(text) == WORDS.findall(text)


Check = Callable[[Any], None]
MISTAKES: list[tuple[str, Check, str, str]] = [
    ("pretraining.bpe", learns, "self.open.pop()[2]", "self.open.pop(0)[2]"),  # the lesser pair
    ("pretraining.bpe", learns, "elif cut:", "elif False:"),  # "abab": cuts side by side
    ("pretraining.bpe", learns, "frequency[second + after[0]] -= n", "pass"),  # stale counts
    (
        "pretraining.bpe",
        learns,
        "come[key := new + after[0]] += n",
        "come[key := new + after[0]] += 1",
    ),
    (
        "pretraining.bpe",
        encodes,
        "i = ranks.index(rank)",
        "i = len(ranks) - 1 - ranks[::-1].index(rank)",
    ),
    ("pretraining.bpe", encodes, "while (rank := min(ranks", "while (rank := max(ranks"),
    ("pretraining.bpe", encodes, "ranks[i - 1] = rank_of((tokens[i - 1], new), none)", "pass"),
    ("pretraining.words", cuts, r"|[ \t-\r]+(?![^ \t-\r])", ""),  # a run's last space is the word's
    ("pretraining.words", cuts, "'(?:[sdmt]|ll|ve|re)| ?[0-9]", " ?[0-9]"),  # no contractions
]


@pytest.mark.parametrize(
    "check", dict.fromkeys(check for _, check, _, _ in MISTAKES), ids=lambda c: c.__name__
)
def test_the_right_version_passes(check: Check) -> None:
    name = next(name for name, own, _, _ in MISTAKES if own is check)
    check(importlib.import_module(name))


@pytest.mark.parametrize(("name", "check", "right", "wrong"), MISTAKES)
def test_a_wrong_version_is_caught(name: str, check: Check, right: str, wrong: str) -> None:
    path = importlib.import_module(name).__file__
    assert path is not None
    with open(path, encoding="utf-8") as file:
        text = file.read()
    assert text.count(right) == 1, "the module has changed"
    module = types.ModuleType(name)
    exec(compile(text.replace(right, wrong), name, "exec"), vars(module))
    with pytest.raises((AssertionError, ValueError, IndexError, RuntimeError)):
        check(module)
