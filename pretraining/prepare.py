"""From the settings of a text to its tokens, once: the room's only cache."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from filelock import FileLock  # which torch needs as well

from pretraining.corpus import Corpus, encode_corpus, file_sha256
from pretraining.hub import NAMES, fetched
from pretraining.settings import Text
from pretraining.texts import text_files
from pretraining.vocabularies import given_vocabulary, learn_vocabulary
from tokenizer import make_tokenizer

CACHE = Path(".corpus_cache")  # in the working folder; deleted at will


def prepare(text: Text, progress: bool = True) -> Corpus:
    """The texts as tokens, made once: under `.corpus_cache/`, in a folder named for what it is of.

    Of several processes that ask for it, one makes it, and the others wait.

    Raises:
        ValueError: the texts are missing, or not as they must be.
    """
    CACHE.mkdir(exist_ok=True)
    with FileLock(CACHE / "lock"):
        source, valid = text.data, text.valid
        if str(source) in NAMES:
            source, own = fetched(str(source), CACHE)
            valid = valid or own
        made_of: list[Any] = [
            [(file.suffix, file_sha256(file)) for file in text_files(path)]
            for path in (source, valid)
            if path
        ]
        made_of += [text.kind, text.vocab_size, text.valid_share, text.errors]
        given = None if text.tokenizer is None else given_vocabulary(text.tokenizer)
        if given is not None:
            made_of.append(hashlib.sha256(given.to_file()[1]).hexdigest())
        digest = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:12]
        folder = CACHE / f"{text.data.stem}-{text.kind if given is None else 'given'}-{digest}"
        if folder.exists():
            return Corpus.open(folder)
        vocabulary = given or learn_vocabulary(
            source, text.kind, text.vocab_size, text.errors, progress
        )
        return encode_corpus(
            source,
            folder,
            make_tokenizer(vocabulary),
            valid=valid,
            valid_share=text.valid_share,
            errors=text.errors,
            progress=progress,
        )
