"""Feeds `pretraining.plain_bpe`; texts come as their bytes in UTF-8."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from assignment.runners.tensors import Tensors
from pretraining import plain_bpe

WIDTH = 24  # bytes of a token that are looked at


def run_bpe_training(given: Tensors) -> dict[str, Tensor]:
    vocab_size, special_tokens = int(given["vocab_size"]), texts(given, "special")
    if "refused" in given:
        try:
            plain_bpe.train_bpe(text_of(given["text"]), vocab_size, special_tokens)
        except ValueError:
            return {"refused": torch.tensor(1)}
        return {"refused": torch.tensor(0)}
    vocab, merges = plain_bpe.train_bpe(text_of(given["text"]), vocab_size, special_tokens)
    in_order = sorted(vocab) == list(range(len(vocab)))
    tokens = [vocab[i] for i in sorted(vocab)]
    return {
        "merges": rows([token for pair in merges for token in pair]).reshape(-1, 2, WIDTH),
        "ids_are_0_to_n": torch.tensor(int(in_order)),
        "bytes_first": torch.tensor(int(tokens[:256] == [bytes([b]) for b in range(256)])),
        "tokens_from_256": rows(tokens[256:]),
    }


def run_bpe_encoding(given: Tensors) -> dict[str, Tensor]:
    tokens = [unspelt(row) for row in given["tokens"].tolist()]
    vocab = dict(enumerate(tokens))
    merges = [(tokens[left], tokens[right]) for left, right in given["merges"].tolist()]
    special_tokens = texts(given, "special")
    text = text_of(given["text"])
    ids = plain_bpe.encode_bpe(text, dict(vocab), list(merges), list(special_tokens))
    nothing = plain_bpe.encode_bpe("", vocab, merges, special_tokens)
    return {
        "ids": torch.tensor(ids, dtype=torch.int64),
        "ids_of_nothing": torch.tensor(len(nothing)),
    }


def text_of(content: Tensor) -> str:
    return content.numpy().tobytes().decode()


def texts(given: Tensors, name: str) -> list[str]:
    """The texts NAME.0, NAME.1 and so on."""
    names = [f"{name}.{i}" for i in range(len(given)) if f"{name}.{i}" in given]
    return [text_of(given[name]) for name in names]


def rows(tokens: Sequence[bytes]) -> Tensor:
    """A row for each token: its bytes, and -1 behind its end."""
    spelt = [[*token[:WIDTH], *[-1] * (WIDTH - len(token))] for token in tokens]
    return torch.tensor(spelt, dtype=torch.int64).reshape(-1, WIDTH)


def unspelt(row: Sequence[int]) -> bytes:
    return bytes(b for b in row if b >= 0)


RUNNERS = {"bpe_training": run_bpe_training, "bpe_encoding": run_bpe_encoding}
