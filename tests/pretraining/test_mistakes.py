"""Classic wrong versions of what this room teaches, each of which a comparison catches."""

from __future__ import annotations

import importlib
import types
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

pytest.importorskip("regex")

from pretraining.words import WORDS
from tests.pretraining.test_bpe import naive

TEXTS = ["aaa aaaa aaaaa", "abab ababab", "ab zz AB BA", "the cat and the hat, then that\n\n  mat"]
TEXTS += [
    "low low low low lower lower widest widest widest newest newest newest newest newest newest"
]


def learns(bpe: Any) -> None:
    for text in TEXTS:
        assert bpe.learn_merges(Counter(WORDS.findall(text)), 20)[1] == naive(text, 276, [])


def encodes(bpe: Any) -> None:
    """As the merges were learnt: one after the other, each from the left."""
    for text in TEXTS:
        merges = naive(text, 276, [])
        vocab = dict(enumerate([*(bytes([b]) for b in range(256)), *(a + b for a, b in merges)]))
        tokenizer = bpe.BPETokenizer(vocab, merges)
        expected: list[bytes] = []
        for word in WORDS.findall(text + " aaaaaa bab"):
            tokens = [bytes([b]) for b in word.encode()]
            for pair in merges:
                i = 0
                while i < len(tokens) - 1:
                    if (tokens[i], tokens[i + 1]) == pair:
                        tokens[i : i + 2] = [tokens[i] + tokens[i + 1]]
                    i += 1
            expected += tokens
        assert [vocab[i] for i in tokenizer.encode(text + " aaaaaa bab")] == expected


def cuts(words: Any) -> None:
    for text in [*TEXTS, "it's 12 o'clock", "a  b\n c\t\n"]:
        assert words.split_words(text) == WORDS.findall(text)


def computes(functional: Any) -> None:
    generator = torch.Generator().manual_seed(0)
    for scale in (1.0, 1000.0):
        logits = scale * torch.randn(4, 3, 5, generator=generator)
        targets = torch.randint(5, (4, 3), generator=generator)
        for dim in (0, -1):
            torch.testing.assert_close(functional.softmax(logits, dim), F.softmax(logits, dim))
        expected = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
        torch.testing.assert_close(functional.cross_entropy(logits, targets), expected)


def draws(corpus: Any) -> None:
    text, generator = np.arange(10), torch.Generator().manual_seed(0)
    inputs, targets = corpus.get_batch(text, 500, 4, "cpu", generator)
    assert sorted(set(inputs[:, 0].tolist())) == list(range(6))
    assert torch.equal(targets, inputs + 1)


def clips(clipping: Any) -> None:
    for size in (0.1, 10.0):
        ours, theirs = (
            [torch.nn.Parameter(torch.ones(3)), torch.nn.Parameter(torch.ones(2, 2))] for _ in "ab"
        )
        for p in (*ours, *theirs):
            p.grad = size * torch.arange(p.numel(), dtype=torch.float32).view_as(p)
        norm = clipping.clip_gradients(ours, 1.0)
        assert norm == pytest.approx(float(torch.nn.utils.clip_grad_norm_(theirs, 1.0)))
        for a, b in zip(ours, theirs, strict=True):
            torch.testing.assert_close(a.grad, b.grad)


def falls(schedule: Any) -> None:
    rates = [schedule.cosine_schedule(step, 1.0, 0.1, 4, 12) for step in range(15)]
    assert rates[:5] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert rates[8] == pytest.approx(0.55)
    assert rates[12:] == [0.1] * 3


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
    ("pretraining.functional", computes, "(x - x.amax(dim=dim, keepdim=True))", "x"),
    (
        "pretraining.functional",
        computes,
        "    logits = logits - logits.amax(dim=-1, keepdim=True)\n",
        "",
    ),
    ("pretraining.functional", computes, "exponentials.sum(dim=dim", "exponentials.sum(dim=-1"),
    ("pretraining.functional", computes, "- right).mean()", "- right).sum()"),
    ("pretraining.corpus", draws, "torch.randint(n, (", "torch.randint(n - 1, ("),  # never the last
    ("pretraining.corpus", draws, "torch.randint(n, (", "torch.randint(n + 1, ("),  # beyond the end
    (
        "pretraining.corpus",
        draws,
        "return tokens[:, :-1], tokens[:, 1:]",
        "return tokens[:, :-1], tokens[:, :-1]",
    ),
    ("training.clipping", clips, "if norm > max_norm:", "if True:"),  # small gradients grow
    (
        "training.clipping",
        clips,
        "norm = sum(squares) ** 0.5",
        "norm = sum(s**0.5 for s in squares)",
    ),
    (
        "training.schedule",
        falls,
        "max_lr * step / warmup_steps",
        "max_lr * (step + 1) / warmup_steps",
    ),
    (
        "training.schedule",
        falls,
        "(step - warmup_steps) / (cycle_steps - warmup_steps)",
        "step / cycle_steps",
    ),
    ("training.schedule", falls, "if step >= cycle_steps:", "if step >= 10 * cycle_steps:"),
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
