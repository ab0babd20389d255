"""Sentences as token ids that fit the context."""

from __future__ import annotations

import pytest

from sentiment.encoding import encode_reviews
from tokenizer import Tokenizer


def test_a_review_longer_than_the_context_loses_its_end_and_keeps_the_question(folder) -> None:
    tokenizer = Tokenizer(tokenizer_model=folder / "tokenizer.model")
    suffix = "a hero? while playing "
    question = tokenizer.encode(suffix, bos=False, eos=False)[1:]
    sentences = ["a movie", "wonderful thriller " * 50]
    encoded = encode_reviews(sentences, tokenizer, 40, suffix=suffix)
    assert encoded.cut == 1
    assert encoded.ids[0] == tokenizer.encode(f"a movie {suffix}", bos=True, eos=False)
    for ids in encoded.ids:
        assert len(ids) <= 40
        assert ids[-len(question) :] == question
    assert len(encoded.ids[1]) >= 36
    short = encode_reviews(sentences, tokenizer, 40, max_len=2, suffix=suffix)
    assert short.cut == 2
    with pytest.raises(ValueError, match="question alone takes the context"):
        encode_reviews(sentences, tokenizer, 5, suffix=suffix)
