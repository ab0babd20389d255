"""From sentences to token ids that fit the context, with room for a question at their end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tokenizer import TextTokenizer


@dataclass(frozen=True)
class Encoded:
    """Texts as token ids, and how many were longer than fits."""

    ids: list[list[int]]
    cut: int


def encode_reviews(
    sentences: Sequence[str],
    tokenizer: TextTokenizer,
    limit: int,
    max_len: int | None = None,
    suffix: str = "",
    place: Callable[[int], str] | None = None,
) -> Encoded:
    """Encode `sentence suffix` with BOS, so that it takes at most `limit` tokens.

    What is too long loses the end of its sentence, never the suffix, which holds the question.

    Args:
        max_len: tokens of a sentence that are kept, suffix not counted; None keeps what fits.
        place: where a sentence stands, by its number from 0, for an error.

    Raises:
        ValueError: the suffix alone does not fit, or the vocabulary cannot spell a sentence.
    """
    ids, cut = [], 0
    room = limit - len(tokenizer.encode(suffix, bos=True, eos=False))
    if room < 1:
        raise ValueError(f"the prompt's question alone takes the context of {limit} tokens")
    for row, sentence in enumerate(sentences):
        try:
            text = tokenizer.encode(f"{sentence} {suffix}" if suffix else sentence, True, False)
        except ValueError as error:
            where = place(row) if place else f"text {row + 1} of {len(sentences)}"
            raise ValueError(f"{where}: {error}") from error
        pieces = tokenizer.encode(sentence, bos=False, eos=False)
        keep = min(len(pieces), max_len or len(pieces))
        if keep < len(pieces) or len(text) > limit:
            cut += 1
            if not suffix:
                bos = text[: len(text) - len(pieces)]
                text = bos + pieces[: min(keep, limit - len(bos))]
            else:
                text = _shorten(sentence, min(keep, room), tokenizer, limit, suffix)
        ids.append(text)
    return Encoded(ids, cut)


def _shorten(
    sentence: str, keep: int, tokenizer: TextTokenizer, limit: int, suffix: str
) -> list[int]:
    """Encode as much of the beginning of a sentence as fits before the suffix, `keep` at most.

    It is cut where a token ends in the sentence itself: what its tokens decode to may be another
    text, with a space where it has two.
    """
    ends = tokenizer.ends(sentence)
    while True:
        shorter = sentence[: ends[keep - 1]] if keep else ""
        text = tokenizer.encode(f"{shorter} {suffix}", bos=True, eos=False)
        if len(text) <= limit or keep == 0:
            return text
        keep -= min(keep, len(text) - limit)
