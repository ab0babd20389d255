"""Sentences as token ids that fit the context."""

from __future__ import annotations

import unicodedata

import pytest
import sentencepiece

from sentiment.encoding import encode_reviews
from tests.helpers import vocabulary
from tokenizer import BytePairTokenizer, Tokenizer


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


@pytest.fixture(scope="module")
def normalising(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    """llama2.c's settings for a vocabulary of one's own: spaces come together when it reads."""
    folder = tmp_path_factory.mktemp("normalising")
    words = ["the", "film", "was", "a", "joy", "from", "its", "start", "end", "never", "dull"]
    (folder / "text.txt").write_text("\n".join(f"{a} {b}" for a in words for b in words))
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "text.txt"), model_prefix=str(folder / "own"), vocab_size=340,
        model_type="bpe", byte_fallback=True, character_coverage=1.0, split_digits=True,
        allow_whitespace_only_pieces=True, normalization_rule_name="nmt_nfkc", minloglevel=2,
    )  # fmt: skip
    return Tokenizer(tokenizer_model=folder / "own.model")


@pytest.mark.parametrize("review", ["the  film was a joy ", "\uff34\uff48e \ufb01lm  "])
def test_a_review_that_the_tokenizer_normalises_keeps_its_text(
    normalising: Tokenizer, review: str
) -> None:
    """decode(encode(x)) is not x: it has one space for two, and letters for their wide forms."""
    assert normalising.decode(normalising.encode(review, False, False)) != review
    for text in (review + "and never dull " * 50, ("dull " * 9 + review) * 20):
        (ids,) = encode_reviews([text], normalising, 60, suffix="a joy? the end ").ids
        assert 55 <= len(ids) <= 60
        words, kept = " ".join(text.split()), normalising.decode(ids)
        shown = kept[: kept.rindex("a joy? the end")].strip()
        assert len(shown) > 80
        assert unicodedata.normalize("NFKC", words).startswith(shown)


def test_what_cannot_be_spelt_is_named_with_its_place() -> None:
    pytest.importorskip("tokenizers")
    tokenizer = BytePairTokenizer(vocabulary())
    tokenizer._missing_bytes = frozenset({0x14})
    with pytest.raises(ValueError, match=r"x\.txt, line 3: character U\+0014 at index 2"):
        encode_reviews(
            ["a", "b", "c \x14"], tokenizer, 60, place=lambda row: f"x.txt, line {row + 1}"
        )
    with pytest.raises(ValueError, match=r"text 2 of 2: character U\+0014"):
        encode_reviews(["a", "\x14"], tokenizer, 60)
