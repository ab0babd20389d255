"""A corpus: what is written is what was read, in documents; windows; what was changed since."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("regex")
pytest.importorskip("tokenizers")

from data import END
from pretraining import corpus as module
from pretraining import texts as reading
from pretraining.corpus import Corpus, encode_corpus
from pretraining.texts import hold_out, texts
from pretraining.vocabularies import learn_vocabulary
from pretraining.words import in_parallel, pieces
from tests.helpers import vocabulary, write
from tokenizer import BytePairTokenizer, make_tokenizer

TEXTS = ["the cat\nin the rain", "12 12", "a", "naïve é", "the the the " * 30, "x y z"]


def tokenizer() -> BytePairTokenizer:
    return BytePairTokenizer(vocabulary())


def read_back(corpus: Corpus) -> list[str]:
    """The documents of both splits, by where they begin."""
    found = []
    for split in ("train", "valid"):
        tokens, starts = corpus.tokens(split), corpus.starts(split)
        ends = [*starts[1:], len(tokens)]
        for start, end in zip(starts, ends, strict=True):
            ids = tokens[start:end].tolist()
            assert ids[-1] == tokenizer().eos_id
            found.append(tokenizer().decode(ids))
    return found


@pytest.mark.parametrize("form", ["text", "jsonl", "folder"])
def test_documents_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    monkeypatch.setattr(reading, "READ", 5)  # end tokens lie across blocks
    monkeypatch.setattr(module, "PIECE", 16)
    if form == "text":
        source = write(tmp_path / "t.txt", f"\n{END}\n".join(TEXTS) + f"\n{END}\n")
    elif form == "jsonl":
        source = write(tmp_path / "t.jsonl", "\n".join(json.dumps({"text": t}) for t in TEXTS))
    else:
        source = tmp_path / "texts"
        source.mkdir()
        for number, text in enumerate(TEXTS):
            write(source / f"{number}.txt", text + "\n")
    joined = "".join(text + END * is_end for text, is_end in texts(source))
    assert [text for text in joined.split(END) if text] == TEXTS
    corpus = encode_corpus(source, tmp_path / "corpus", tokenizer(), valid_share=0.5)
    assert read_back(corpus) == TEXTS
    about = corpus.about["splits"]
    assert about["train"]["documents"] + about["valid"]["documents"] == len(TEXTS)
    assert corpus.n_bytes("train") + corpus.n_bytes("valid") == len("".join(TEXTS).encode())
    assert len(corpus.tokens("valid")) > 0
    assert corpus.dtype == np.uint16
    assert corpus.tokenizer().vocabulary == vocabulary()


def test_a_single_document_is_divided(tmp_path: Path) -> None:
    text = "the cat in the rain\n" * 50
    source = write(tmp_path / "t.txt", text)
    corpus = encode_corpus(source, tmp_path / "corpus", tokenizer(), valid_share=0.1)
    train, valid = read_back(corpus)
    assert train + valid == text.strip("\n")
    assert 0.05 < len(valid) / len(text) < 0.15


def test_pieces_have_the_tokens_of_the_whole() -> None:
    for text in [*TEXTS, "  a  b\n\n c" * 20, "\u3042" * 50]:
        parts = list(pieces(text, 7))
        assert "".join(parts) == text
        whole = tokenizer().encode(text, bos=False, eos=False)
        assert [i for p in parts for i in tokenizer().encode(p, bos=False, eos=False)] == whole


def test_a_damaged_folder_is_noticed(tmp_path: Path) -> None:
    source = write(tmp_path / "t.txt", "the cat " * 100)
    corpus = encode_corpus(source, tmp_path / "corpus", tokenizer())
    assert len(corpus.about["sources"][0]["sha256"]) == 64
    with (corpus.folder / "train.bin").open("ab") as file:
        file.write(b"12")
    with pytest.raises(ValueError, match=r"train\.bin: has .* bytes and not what"):
        Corpus.open(corpus.folder)
    write(corpus.folder / "manifest.json", '{"splits": {}}')
    with pytest.raises(ValueError, match=r"manifest\.json: damaged; encode the text anew"):
        Corpus.open(corpus.folder)
    other = encode_corpus(source, tmp_path / "other", tokenizer())
    write(other.folder / "tokenizer.json", "{}")
    with pytest.raises(ValueError, match="its tokenizer was changed"):
        Corpus.open(other.folder)


def test_parts_and_processes_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"\n{END}\n".join([*TEXTS, "the cat\n\nin  the rain\n" * 20] * 5)
    source = write(tmp_path / "t.txt", text)
    lines = "\n".join(json.dumps({"text": t}) for t in TEXTS * 9)
    for path in (source, write(tmp_path / "t.jsonl", lines)):
        contents = []
        for name, size, processes in (("a", 1 << 22, 1), ("b", 50, 1), ("c", 300, 3)):
            monkeypatch.setattr(reading, "READ", size)
            corpus = encode_corpus(
                path, tmp_path / path.suffix / name, tokenizer(), processes=processes
            )
            files = ("train.bin", "valid.bin", "train.docs.npy", "manifest.json")
            contents.append([(corpus.folder / file).read_bytes() for file in files])
        assert contents[0] == contents[1] == contents[2]


LINES, LINE = "some words here\n" * 20_000, "The first line\n" + "some words here " * 9_000


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        (LINES + END, 0.03, 0.08),  # an END that divides nothing
        (LINES + END + "\n", 0.03, 0.08),
        (LINES[:8000] + END + LINES, 0.03, 0.08),  # the only END is far from the place
        (LINES[:160_000] + END + LINES[:9_600] + END, 0.05, 0.06),  # near it
        (LINE, 0.03, 0.08),
    ],
)
def test_what_is_held_out_is_about_as_long_as_asked_for(
    tmp_path: Path, text: str, least: float, most: float
) -> None:
    train, valid = hold_out(write(tmp_path / "t.txt", text), 0.05)
    assert train[0].end == valid[0].start
    assert least < (valid[-1].end - valid[0].start) / len(text) < most


def test_of_unlike_files_the_large_one_is_divided(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "a b c\n")
    write(tmp_path / "b.txt", LINES)
    train, valid = hold_out(tmp_path, 0.1)
    assert [stretch.path.name for stretch in train] == ["a.txt", "b.txt"]
    assert 0.05 < (valid[0].end - valid[0].start) / len(LINES) < 0.15


def test_halves_of_characters_in_json(tmp_path: Path) -> None:
    source = tmp_path / "t.jsonl"
    source.write_bytes(b'{"text": "the cat"}\n{"text": "a \\ud83d b"}\n{"text": "\xff"}\n')
    with pytest.raises(ValueError, match=r"t\.jsonl, line 2: no JSON object with"):
        list(texts(source))
    assert [text for text, _ in texts(source, "replace")] == ["the cat", "a \ufffd b", "\ufffd"]


def test_a_killed_process_is_one_line() -> None:
    with pytest.raises(ValueError, match="a process that read a part of the text was killed"):
        list(in_parallel(_end, [1, 2, 3], 2))


def _end(number: int) -> int:
    os._exit(number)


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    source = write(tmp_path / "t.txt", "the cat in the rain\n" * 9000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(ValueError, match=r"corpus: could not be written \(File too large\)"):
            encode_corpus(source, tmp_path / "corpus", tokenizer())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.name for path in tmp_path.iterdir()] == ["t.txt"]


def test_a_held_out_text_of_its_own(tmp_path: Path) -> None:
    source, valid = write(tmp_path / "t.txt", "the cat"), write(tmp_path / "v.txt", "in the rain")
    corpus = encode_corpus(source, tmp_path / "corpus", tokenizer(), valid=valid)
    assert read_back(corpus) == ["the cat", "in the rain"]
    assert [s["path"] for s in corpus.about["sources"]] == [str(source), str(valid)]
    with pytest.raises(ValueError, match="no text to hold out"):
        encode_corpus(source, tmp_path / "other", tokenizer(), valid=write(valid, "\n\n"))
    with pytest.raises(ValueError, match="too short to hold a part of it out; give"):
        encode_corpus(write(source, "x" * 9), tmp_path / "other", tokenizer())


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.txt", None, "none.txt: no such text, or an empty folder"),
        ("t.txt", b"", "t.txt: the text is empty"),
        ("t.txt", b"abc\n" * 9 + b"\xff", r"t\.txt: not UTF-8 at byte 36"),
        ("t.jsonl", b'{"text": "a"}\n{"texts": 1}\n', r"t\.jsonl, line 2: no JSON object with"),
        ("t.jsonl", b'{"text": 1}\n{}\n', r"t\.jsonl, line 1: no JSON object with"),
    ],
)
def test_bad_texts(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        encode_corpus(path, tmp_path / "corpus", tokenizer())
    assert not (tmp_path / "corpus").exists()
    assert not list(tmp_path.glob(".*part"))


@pytest.mark.parametrize("kind", ["bpe", "characters", "sentencepiece"])
def test_every_kind_of_tokenizer(tmp_path: Path, kind: str) -> None:
    lines = "".join(f"The {n} cats sat on {n % 7} mats: naïve é.\n" for n in range(300))
    source = write(tmp_path / "t.txt", f"{lines}{END}{lines}")
    own = make_tokenizer(learn_vocabulary(source, kind, 300))
    assert own.n_words == (300 if kind != "characters" else len(set(lines)) + 1)
    ids = own.encode(lines, bos=True, eos=True)
    assert ids[-1] == own.eos_id
    assert own.decode(ids) == lines
    corpus = encode_corpus(source, tmp_path / "corpus", own)
    again = corpus.tokenizer()
    assert again.encode("12 cats\n", bos=False, eos=False) == own.encode(
        "12 cats\n", bos=False, eos=False
    )
    first = corpus.tokens("train")[: corpus.about["splits"]["train"]["tokens"]].tolist()
    assert again.decode(first).startswith("The 0 cats")


def test_what_sentencepiece_says_is_passed_on(tmp_path: Path) -> None:
    source = write(tmp_path / "t.txt", "a b c\n" * 9)
    with pytest.raises(
        ValueError, match=r"t\.txt: SentencePiece learns nothing from it: (?i:.*vocab)"
    ):
        learn_vocabulary(source, "sentencepiece", 5000)
