"""Byte-level BPE, told plainly: count all pairs, merge the most frequent, begin anew.

Sennrich et al. 2016, https://arxiv.org/abs/1508.07909, algorithm 1, on bytes as in Radford et al.
2019, section 2.2. It counts everything again for each merge, which a page of text bears and a book
does not; `bpe.py` is the fast twin, and a test holds the two equal.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

Merges = list[tuple[bytes, bytes]]
# What is a word: GPT-2's expression in Python's own `re`. It takes a numeral beyond the decimal
# digits, such as a Roman one, for a letter, which the twin in words.py does not.
WORDS = re.compile(r"'(?:[sdmt]|ll|ve|re)| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")


def split_at(text: str, special_tokens: Sequence[str]) -> list[str]:
    """A text cut at special tokens: text, token, text, token, ..., text."""
    # The first alternative that fits is taken, so the longest stands first.
    longest_first = sorted(special_tokens, key=len, reverse=True)
    expression = "|".join(map(re.escape, longest_first)) or r"(?!)"  # which is nowhere
    return re.split(f"({expression})", text)


def merged(word: Sequence[bytes], pair: tuple[bytes, bytes]) -> tuple[bytes, ...]:
    """A word with a pair of its neighbours joined wherever it stands, from left to right."""
    new: list[bytes] = []
    place = 0
    while place < len(word):
        joined = tuple(word[place : place + 2]) == pair
        new.append(b"".join(pair) if joined else word[place])
        place += 2 if joined else 1  # "aaa" holds ("a", "a") once: what is joined is used up
    return tuple(new)


def train_bpe(
    text: str, vocab_size: int, special_tokens: Sequence[str] = ()
) -> tuple[dict[int, bytes], Merges]:
    """Learn a vocabulary from a text: merge the most frequent pair of neighbours, again and again.

    1. Cut the text at the special tokens; where two of them fit at one place, the longest counts.
    2. Cut what stands between them into words, the matches of `WORDS`, and count how often each
       occurs. A word is the sequence of its bytes in UTF-8; no pair reaches across two words.
    3. Count the pairs of neighbours in all words, each as often as its word occurs. "aaa" has the
       pair ("a", "a") twice.
    4. Merge the most frequent pair in every word, from left to right: "aaa" becomes "aa", "a". Of
       equally frequent pairs the greatest is merged, compared as bytes.
    5. From 3 on again, until the vocabulary has `vocab_size` tokens or no pair is left.

    Args:
        text: what to learn from.
        vocab_size: tokens in all: 256 bytes, merges, special tokens, in this order of their ids. A
            small text may give fewer.
        special_tokens: texts that become one token each, and are part of no other.

    Returns:
        id -> bytes, and the merges in the order in which they were made.

    Raises:
        ValueError: `vocab_size` leaves no room for the bytes and the special tokens.
    """
    if vocab_size < 256 + len(special_tokens):
        raise ValueError(
            f"vocab_size={vocab_size}: 256 bytes and {len(special_tokens)} special tokens take "
            f"{256 + len(special_tokens)}; give as many at least"
        )
    words: Counter[tuple[bytes, ...]] = Counter()
    for part in split_at(text, special_tokens)[::2]:
        words.update(tuple(bytes([b]) for b in word.encode()) for word in WORDS.findall(part))
    merges: Merges = []
    while len(merges) < vocab_size - 256 - len(special_tokens):
        pairs: Counter[tuple[bytes, bytes]] = Counter()
        for word, times in words.items():
            for pair in pairwise(word):
                pairs[pair] += times
        if not pairs:
            break
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(best)
        # No two words become one: what is joined still spells them.
        words = Counter({merged(word, best): times for word, times in words.items()})
    tokens = [*(bytes([b]) for b in range(256)), *(left + right for left, right in merges)]
    tokens += [token.encode() for token in special_tokens]
    return dict(enumerate(tokens)), merges


def encode_bpe(
    text: str, vocab: Mapping[int, bytes], merges: Merges, special_tokens: Sequence[str] = ()
) -> list[int]:
    """Turn a text into ids, by a vocabulary and the merges that made it.

    1. Cut the text at the special tokens, each of which is one id; where two of them fit at one
       place, the longest counts.
    2. Cut what stands between them into words, the matches of `WORDS`. A word begins as the
       sequence of its bytes in UTF-8.
    3. Of all pairs of neighbours in a word find the one that was merged first in training, and
       merge it wherever it stands, from left to right. Do so until no pair is one of the merges.
    4. What is left are tokens; look up their ids.

    Args:
        text: any text, the empty one too.
        vocab: id -> bytes, of every byte, every merge and every special token.
        merges: pairs of tokens in the order in which they were learnt.
        special_tokens: texts that are one token each.

    Returns:
        The ids, in the order of the text.
    """
    ids_of = {token: i for i, token in vocab.items()}
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    ids: list[int] = []
    for number, part in enumerate(split_at(text, special_tokens)):
        if number % 2:
            ids.append(ids_of[part.encode()])
            continue
        for word in WORDS.findall(part):
            tokens = tuple(bytes([b]) for b in word.encode())
            while len(tokens) > 1:
                first = min(pairwise(tokens), key=lambda pair: ranks.get(pair, len(ranks)))
                if first not in ranks:  # the least of ranks that are all missing
                    break
                tokens = merged(tokens, first)
            ids += [ids_of[token] for token in tokens]
    return ids
