"""Byte-level BPE: trained, run, and handed on to every mode.

Sennrich et al. 2016, https://arxiv.org/abs/1508.07909, on bytes as in Radford et al. 2019, section
2.2. Words come from words.py; a token never crosses one. `plain_bpe.py` tells the algorithm on a
page; this is its fast twin, for books.
"""

from __future__ import annotations

import gc
import heapq
import json
import os
from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, pairwise, repeat
from pathlib import Path
from typing import Self

from tqdm import tqdm

from checkpoints.vocabulary import BytePairVocabulary, as_json, byte_alphabet
from pretraining.plain_bpe import Merges
from pretraining.words import CERTAIN, count_words, special_pattern, split_words
from support.files import read_json, write_text

KEPT = 1 << 17  # words whose tokens are remembered
LONG = 64  # characters or bytes; a longer word is hardly met twice
SOON = 1 << 12  # characters of a stream that are encoded together


def train_bpe(
    input_path: str | os.PathLike[str],
    vocab_size: int,
    special_tokens: Sequence[str] = (),
    *,
    errors: str = "strict",
    processes: int | None = None,
    progress: bool = False,
) -> tuple[dict[int, bytes], Merges]:
    """Learn a vocabulary from a text: merge the most frequent pair of neighbours, again and again.

    Of pairs that are as frequent the greater one is merged, compared as bytes. The text is cut at
    special tokens first, and they are part of no other token.

    Args:
        input_path: a text in UTF-8.
        vocab_size: tokens in all: 256 bytes, merges, special tokens, in this order of their ids. A
            small text may give fewer.
        special_tokens: texts that become one token each.
        errors, processes, progress: see `words.count_words`.

    Returns:
        id -> bytes, and the merges in order.

    Raises:
        ValueError: `vocab_size` leaves no room for bytes and special tokens, one of these is empty
            or comes twice, or the text is missing, empty or no UTF-8.
    """
    if vocab_size < 256 + len(special_tokens):
        raise ValueError(
            f"vocab_size={vocab_size}: 256 bytes and {len(special_tokens)} special tokens take "
            f"{256 + len(special_tokens)}; give as many at least"
        )
    counts = count_words(
        input_path, special_tokens, errors=errors, processes=processes, progress=progress
    )
    n_merges = vocab_size - 256 - len(special_tokens)
    tokens, merges = learn_merges(counts, n_merges, progress)
    tokens += [token.encode() for token in special_tokens]
    return dict(enumerate(tokens)), merges


@contextmanager
def without_collector() -> Iterator[None]:
    """For work that makes many lists and no cycle: the collector would visit them in vain."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@without_collector()
def learn_merges(
    counts: dict[str, int], n_merges: int, progress: bool = False
) -> tuple[list[bytes], Merges]:
    """The tokens (256 bytes first) and the merges that words with their counts give.

    A token is written as one character, that of its number, and so a word as a text, a pair as two
    characters. To merge a pair in a word is then to split the word there and to join the parts,
    which Python does fast, and the characters around each cut tell how the counts of other pairs
    change: nothing is ever counted anew.
    """
    tokens = [bytes([b]) for b in range(256)]
    merges: Merges = []
    words = [word.encode().decode("latin-1") for word in counts]
    times = list(counts.values())
    frequency: dict[str, int] = defaultdict(int)  # pair -> its count
    places: dict[str, list[int]] = defaultdict(list)  # pair -> words that hold it, or once did
    for place, (word, n) in enumerate(zip(words, times, strict=True)):
        for both in map("".join, pairwise(word)):
            frequency[both] += n
            places[both].append(place)
    queue = Queue(frequency, tokens)
    for _ in tqdm(range(n_merges), "merging", leave=False, disable=None if progress else True):
        if (pair := queue.pop()) is None:
            break
        first, second, new = pair[0], pair[1], chr(len(tokens))
        merges.append((tokens[ord(first)], tokens[ord(second)]))
        tokens.append(b"".join(merges[-1]))
        come: dict[str, int] = defaultdict(int)  # pairs with the new token
        for place in places.pop(pair):
            parts = words[place].split(pair)
            if len(parts) == 1:  # another merge has taken it
                continue
            words[place], n = new.join(parts), times[place]
            before, cut = parts[0], False
            for after in parts[1:]:
                if before:
                    frequency[before[-1] + first] -= n
                    come[key := before[-1] + new] += n
                    places[key].append(place)
                elif cut:  # between this cut and the one before it is nothing
                    frequency[second + first] -= n
                    come[key := new + new] += n
                    places[key].append(place)
                if after:
                    frequency[second + after[0]] -= n
                    come[key := new + after[0]] += n
                    places[key].append(place)
                before, cut = after, True
        del frequency[pair]
        queue.add(come)
    return tokens, merges


class Queue:
    """Gives the most frequent pair, of several the greatest, while counts fall and pairs appear.

    Pairs lie in a bucket for each count. No new pair is more frequent than the one whose merge made
    it, and the count of an old one only falls: so the buckets are emptied from the greatest count
    down, and only the one that is open has to be in order. A pair whose count has fallen stays
    where it is until its bucket is opened, and is then put into the right one.
    """

    def __init__(self, frequency: dict[str, int], tokens: list[bytes]) -> None:
        self.frequency, self.tokens = frequency, tokens
        self.buckets: dict[int, list[str]] = {}
        self.counts: list[int] = []  # of the buckets, negative: a heap gives the least
        self.count = 0  # of the bucket that is open
        self.open: list[tuple[bytes, bytes, str]] = []  # it, in order
        for pair, count in frequency.items():
            self._put(pair, count)

    def pop(self) -> str | None:
        """The pair to merge, whose count stays for now; None when there is none."""
        while True:
            while self.open:
                pair = self.open.pop()[2]
                if self._is_here(pair):
                    return pair
            if not self.counts:
                return None
            self.count = -heapq.heappop(self.counts)
            pairs = self.buckets.pop(self.count)
            self.open = sorted(self._spelt(pair) for pair in pairs if self._is_here(pair))

    def add(self, pairs: dict[str, int]) -> None:
        """Take up new pairs with their counts."""
        self.frequency.update(pairs)
        for pair, count in pairs.items():
            self._put(pair, count)

    def _is_here(self, pair: str) -> bool:
        """Whether the open bucket is the right one; if not, the pair is put into that."""
        count = self.frequency[pair]
        if 0 < count < self.count:
            self._put(pair, count)
        return count == self.count

    def _put(self, pair: str, count: int) -> None:
        if count == self.count:
            insort(self.open, self._spelt(pair))
        elif count in self.buckets:
            self.buckets[count].append(pair)
        else:
            self.buckets[count] = [pair]
            heapq.heappush(self.counts, -count)

    def _spelt(self, pair: str) -> tuple[bytes, bytes, str]:
        return self.tokens[ord(pair[0])], self.tokens[ord(pair[1])], pair


class BPETokenizer:
    """Turns text into ids and back, by a vocabulary and its merges."""

    def __init__(
        self,
        vocab: dict[int, bytes],
        merges: Merges,
        special_tokens: Sequence[str] | None = None,
    ) -> None:
        """Take what `train_bpe` returns; special tokens that the vocabulary lacks are added.

        Raises:
            ValueError: a byte or what a merge gives is not in the vocabulary, or a special token is
                empty or comes twice.
        """
        self.vocab, self.merges = dict(vocab), list(merges)
        self.special_tokens = list(special_tokens or ())
        self._special = special_pattern(self.special_tokens)
        self._longest = max(map(len, self.special_tokens), default=1)
        ids = {token: i for i, token in self.vocab.items()}
        for text in self.special_tokens:
            if text.encode() not in ids:
                ids[text.encode()] = max(self.vocab, default=-1) + 1
                self.vocab[ids[text.encode()]] = text.encode()
        try:
            self._of_byte = [ids[bytes([b])] for b in range(256)]
            self._ranks: dict[tuple[int, int], int] = {}
            self._merges: list[tuple[int, int, int]] = []  # rank -> the pair, and what it becomes
            for rank, (left, right) in enumerate(self.merges):
                self._ranks.setdefault((ids[left], ids[right]), rank)
                self._merges.append((ids[left], ids[right], ids[left + right]))
        except KeyError as error:
            raise ValueError(f"vocab lacks the token {error.args[0]!r}") from error
        self._special_ids = {text: ids[text.encode()] for text in self.special_tokens}
        self._words = Words(self)

    @classmethod
    def from_files(
        cls,
        vocab_path: str | os.PathLike[str],
        merges_path: str | os.PathLike[str],
        special_tokens: Sequence[str] | None = None,
    ) -> Self:
        """Read GPT-2's two files: JSON of token and id, and a line for each merge.

        Bytes are spelt in GPT-2's printable alphabet.

        Raises:
            ValueError: a file is missing or damaged, or the two do not fit together.
        """
        spelt, merges_path = read_json(Path(vocab_path)), Path(merges_path)
        special = {text: text.encode() for text in special_tokens or ()}
        byte_of = {letter: b for b, letter in enumerate(byte_alphabet())}

        def token(text: str) -> bytes:
            return special[text] if text in special else bytes(byte_of[letter] for letter in text)

        try:
            vocab = {int(i): token(text) for text, i in spelt.items()}
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{vocab_path}: no JSON of tokens and ids ({error})") from error
        try:
            lines = merges_path.read_text(encoding="utf-8").split("\n")
            pairs = [line.split(" ") for line in lines if line and not line.startswith("#version")]
            return cls(vocab, [(token(a), token(b)) for a, b in pairs], special_tokens)
        except OSError as error:
            raise ValueError(f"{merges_path}: {error.strerror}") from error
        except (KeyError, ValueError) as error:
            raise ValueError(f"{merges_path}: no merges of {vocab_path} ({error})") from error

    def save(self, vocab_path: str | os.PathLike[str], merges_path: str | os.PathLike[str]) -> None:
        """Write the two files that `from_files` reads; special tokens are spelt as they are."""
        letters = byte_alphabet()
        texts = {i: text for text, i in self._special_ids.items()}

        def spelt(token: bytes) -> str:
            return "".join(letters[b] for b in token)

        vocab = {texts.get(i, spelt(token)): i for i, token in self.vocab.items()}
        write_text(vocab_path, json.dumps(vocab, ensure_ascii=False, indent=0) + "\n")
        lines = ["#version: 0.2", *(f"{spelt(a)} {spelt(b)}" for a, b in self.merges)]
        write_text(merges_path, "\n".join(lines) + "\n")

    def vocabulary(self) -> BytePairVocabulary:
        """The same as plain data, in which every mode and format of this project takes it.

        Raises:
            ValueError: the ids have gaps.
        """
        if sorted(self.vocab) != list(range(len(self.vocab))):
            raise ValueError("vocab: its ids have gaps, and other programs' files have none")
        letters = byte_alphabet()
        special = {i: text for text, i in self._special_ids.items()}

        def spelt(token: bytes) -> str:
            return "".join(letters[b] for b in token)

        end = next(iter(self._special_ids.values()), -1)  # the first one ends a text
        return BytePairVocabulary(
            pre="gpt-2",
            tokens=[special.get(i, spelt(self.vocab[i])) for i in range(len(self.vocab))],
            token_types=[3 if i in special else 1 for i in range(len(self.vocab))],
            merges=[f"{spelt(a)} {spelt(b)}" for a, b in self.merges],
            bos_id=end,
            eos_id=end,
            pad_id=end,
            add_bos=False,
        )

    def export(self, path: str | os.PathLike[str]) -> None:
        """Write Hugging Face's `tokenizer.json`, whose library is the fast twin of this class."""
        write_text(path, as_json(self.vocabulary()).json)

    def encode(self, text: str) -> list[int]:
        """Turn a text into ids; what spells a special token becomes it, of several the longest."""
        ids: list[int] = []
        ids_of, end = self._words.__getitem__, 0
        for match in self._special.finditer(text):
            ids += chain.from_iterable(map(ids_of, split_words(text[end : match.start()])))
            ids.append(self._special_ids[match[0]])
            end = match.end()
        ids += chain.from_iterable(map(ids_of, split_words(text[end:])))
        return ids

    def encode_iterable(self, iterable: Iterable[str]) -> Iterator[int]:
        """Yield the ids of a text that comes in parts, such as the lines of a file.

        They are those of `encode` of the whole; kept is what follows the last place at which the
        words are certainly two.
        """
        kept = ""
        for part in iterable:
            kept += part
            if len(kept) >= SOON:
                place = self._certain_place(kept)
                yield from self.encode(kept[:place])
                kept = kept[place:]
        yield from self.encode(kept)

    def _certain_place(self, text: str) -> int:
        """Up to where a text can be encoded, whatever follows."""
        known = max(0, len(text) - self._longest)  # a special token might begin after that
        tokens = [match.span() for match in self._special.finditer(text)]
        first = max((start for start, _ in tokens if start <= known), default=0)
        for start in (max(first, known - LONG), first):  # near the end there mostly is a place
            place = max(
                (m.start() for m in CERTAIN.finditer(text, start, known + 1)), default=first
            )
            if place > first:
                break
        return next((start for start, end in tokens if start < place < end), place)

    def decode(self, ids: Iterable[int]) -> str:
        """Turn ids into text; bytes that are no UTF-8 become U+FFFD.

        Raises:
            ValueError: an id is outside the vocabulary.
        """
        try:
            return b"".join(self.vocab[int(i)] for i in ids).decode("utf-8", errors="replace")
        except KeyError as error:
            raise ValueError(f"token {error.args[0]} is outside the vocabulary") from error

    def merge_word(self, word: str) -> list[int]:
        """The ids of one word: its bytes, the neighbours of the lowest rank merged first."""
        tokens = [self._of_byte[b] for b in word.encode()]
        if len(tokens) > LONG:
            return self._merge_long(tokens)
        tokens.append(-1)  # so that the last one has a neighbour, too
        rank_of, none = self._ranks.get, len(self._merges)
        ranks = list(map(rank_of, pairwise(tokens), repeat(none)))  # of each token with the next
        while (rank := min(ranks, default=none)) < none:
            i = ranks.index(rank)
            tokens[i] = new = self._merges[rank][2]
            del tokens[i + 1], ranks[i]
            ranks[i - 1] = rank_of((tokens[i - 1], new), none)
            ranks[i] = rank_of((new, tokens[i + 1]), none)
        tokens.pop()
        return tokens

    def _merge_long(self, tokens: list[int]) -> list[int]:
        """The same, where to delete from a list would take long: by replacing in a text of ids."""
        text = "".join(map(chr, tokens))
        rank_of, none = self._ranks.get, len(self._merges)
        while True:
            pairs = pairwise(map(ord, text))
            rank = min(map(rank_of, pairs, repeat(none)), default=none)
            if rank == none:
                return [ord(token) for token in text]
            left, right, new = self._merges[rank]
            text = text.replace(chr(left) + chr(right), chr(new))


class Words(dict[str, list[int]]):
    """The ids of words that were met before; one that is new is merged when it is asked for."""

    def __init__(self, tokenizer: BPETokenizer) -> None:
        self.tokenizer = tokenizer

    def __missing__(self, word: str) -> list[int]:
        ids = self.tokenizer.merge_word(word)
        if len(word) <= LONG:
            if len(self) >= KEPT:
                self.clear()
            self[word] = ids
        return ids
