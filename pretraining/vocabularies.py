"""A tokenizer of each kind, learnt from texts: BPE, SentencePiece, or one token a character."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path

from checkpoints.vocabulary import JsonVocabulary, SentencePieceVocabulary, Vocabulary
from data import END
from pretraining.bpe import BPETokenizer, train_bpe
from pretraining.texts import texts
from tokenizer import load_tokenizer

KINDS = ("bpe", "sentencepiece", "characters")


def learn_vocabulary(
    source: Path, kind: str, vocab_size: int, errors: str = "strict", progress: bool = False
) -> Vocabulary:
    """Learn a tokenizer, whose end token is `<|endoftext|>` (`</s>` in SentencePiece).

    Args:
        source: texts, see `corpus.encode_corpus`.
        vocab_size: tokens in all; characters take as many as there are.

    Raises:
        ValueError: the kind is unknown, or the texts or the size are not as they must be.
    """
    if kind not in KINDS:
        raise ValueError(f"kind={kind!r}: must be one of {', '.join(KINDS)}")
    if kind == "characters":
        return _characters(source, errors)
    if kind == "sentencepiece":
        return _sentencepiece(source, vocab_size, errors)
    if source.is_file() and source.suffix != ".jsonl":
        vocab, merges = train_bpe(source, vocab_size, [END], errors=errors, progress=progress)
    else:
        with tempfile.TemporaryDirectory() as folder:
            whole = Path(folder) / "texts.txt"
            with whole.open("w", encoding="utf-8", newline="") as file:
                for text, is_end in texts(source, errors):
                    file.write(text + END * is_end)
            vocab, merges = train_bpe(whole, vocab_size, [END], progress=progress)
    return BPETokenizer(vocab, merges, [END]).vocabulary()


def given_vocabulary(path: Path) -> Vocabulary:
    """A tokenizer that is there: a file, or a folder with GPT-2's two.

    Raises:
        ValueError: it is missing or damaged, or has no token that ends a text.
    """
    if path.is_dir():
        own = BPETokenizer.from_files(path / "vocab.json", path / "merges.txt", [END])
        return own.vocabulary()
    return load_tokenizer(path).vocabulary


def _characters(source: Path, errors: str) -> Vocabulary:
    """Each character that occurs is a token, in the order of Unicode; END is the last."""
    characters = sorted(set().union(*(text for text, _ in texts(source, errors))))
    if not characters:
        raise ValueError(f"{source}: the file is empty; give a text to train on")
    tokens = [*characters, END]
    end = {"id": len(characters), "content": END, "special": True}
    end |= dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    whole = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [end],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Split",
            "pattern": {"Regex": r"[\s\S]"},
            "behavior": "Isolated",
            "invert": False,
        },
        "post_processor": None,
        "decoder": {"type": "Fuse"},
        "model": {
            "type": "WordLevel",
            "vocab": {token: i for i, token in enumerate(tokens)},
            "unk_token": "",
        },
    }
    n = len(characters)
    text = json.dumps(whole, ensure_ascii=False)
    return JsonVocabulary(text, bos_id=n, eos_id=n, pad_id=n, add_bos=False)


def _sentencepiece(source: Path, vocab_size: int, errors: str) -> Vocabulary:
    """BPE as Llama 2 has it: bytes for what no piece spells, digits alone, nothing normalised."""
    import sentencepiece

    lines = (line for text, _ in texts(source, errors) for line in text.splitlines())
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=lines, model_writer=model, vocab_size=vocab_size, model_type="bpe",
            byte_fallback=True, normalization_rule_name="identity", split_digits=True,
            remove_extra_whitespaces=False, character_coverage=0.99995, minloglevel=2,
            allow_whitespace_only_pieces=True, max_sentence_length=1 << 20,
        )  # fmt: skip
    except RuntimeError as error:
        reason = " ".join(str(error).rpartition("]")[2].split())
        raise ValueError(f"{source}: SentencePiece learns nothing from it: {reason}") from error
    return SentencePieceVocabulary(model.getvalue(), add_bos=False)
