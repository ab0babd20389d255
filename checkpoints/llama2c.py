"""llama2.c's `.bin` (https://github.com/karpathy/llama2.c): a header of integers, then numbers.

Version 0 begins with the sizes themselves and holds float32; 1 and 2 begin with "ak42" and have a
header of 256 bytes, 2 with int8 weights in groups, each with a scale. Rotations, which version 0
stores as well, are implied. Of theta, eps and head size nothing is said: 10000, 1e-5, dim / heads.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from checkpoints.contents import Checkpoint, LazyTensors, assemble
from checkpoints.tokenizer_files import as_llama2c, from_llama2c
from checkpoints.vocabulary import (
    JsonVocabulary,
    SentencePieceVocabulary,
    Vocabulary,
    from_json,
    pieces_of,
)
from config import LlamaConfig
from support.files import atomic_path

MAGIC = b"24ka"  # 0x616b3432, the lowest byte first
HEADER = 256  # bytes, from version 1 on
MATRICES = (  # of all layers in turn, in the order of every version
    "attention.compute_query",
    "attention.compute_key",
    "attention.compute_value",
    "attention.compute_output",
    "feed_forward.w1",
    "feed_forward.w2",
    "feed_forward.w3",
)


class Stored(NamedTuple):
    """Where a tensor lies."""

    shape: tuple[int, ...]
    offset: int  # bytes from the start of the file
    group: int = 0  # weights that share a scale; 0: float32

    @property
    def n_bytes(self) -> int:
        n = math.prod(self.shape)
        return n + 4 * n // self.group if self.group else 4 * n


def sizes(start: bytes) -> tuple[int, LlamaConfig, bool, int]:
    """Version, configuration, whether the embeddings are tied, and the group of int8 weights.

    Raises:
        ValueError: these bytes begin no such file.
    """
    version, place, group = 0, 0, 0
    if start.startswith(MAGIC):
        version, place = struct.unpack_from("<i", start, 4)[0], 8
        if version not in (1, 2):
            raise ValueError(f"is llama2.c's version {version}: 0, 1 and 2 are known")
    dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size, longest = struct.unpack_from(
        "<7i", start, place
    )
    tied = vocab_size > 0  # version 0 says so by a sign
    if version:
        tied = start[place + 28] != 0
    if version == 2:
        (group,) = struct.unpack_from("<i", start, place + 29)
    config = LlamaConfig(
        vocab_size=abs(vocab_size),
        dim=dim,
        n_layers=n_layers,
        n_heads=n_heads,
        n_kv_heads=n_kv_heads,
        max_seq_len=longest,
        hidden_dim=hidden_dim,
        tie_embeddings=tied,
    )
    if version == 2 and (group < 1 or dim % group or hidden_dim % group):
        raise ValueError(f"states groups of {group} weights, and rows of {dim} and {hidden_dim}")
    return version, config, tied, group


def layout(version: int, config: LlamaConfig, group: int) -> tuple[dict[str, Stored], int]:
    """Where each tensor lies, and how long the file is."""
    C, F, V = config.dim, config.hidden_dim or 0, config.vocab_size
    query, key = config.n_heads * config.head_dim, config.n_kv_heads * config.head_dim
    matrix_shapes = ((query, C), (key, C), (key, C), (C, query), (F, C), (C, F), (F, C))
    shapes = dict(zip(MATRICES, matrix_shapes, strict=True))

    def layers(part: str) -> Iterator[str]:
        return (f"layers.{i}.{part}.weight" for i in range(config.n_layers))

    order = ["tok_embeddings.weight", *layers("attention_norm")]
    order += [name for part in MATRICES[:4] for name in layers(part)]
    order += layers("ffn_norm")
    order += [name for part in MATRICES[4:] for name in layers(part)]
    order.append("norm.weight")
    if version:  # norms come first
        order.sort(key=lambda name: ["attention_norm" in name, "ffn_norm" in name,
                                     name == "norm.weight", True].index(True))  # fmt: skip
    tables = 0 if version else 4 * config.max_seq_len * config.head_dim  # cosines and sines
    stored, position = {}, HEADER if version else 28
    for name in order:
        part = name.split(".", 2)[-1].removesuffix(".weight")
        shape = (V, C) if name == "tok_embeddings.weight" else shapes.get(part, (C,))
        stored[name] = Stored(shape, position, group if len(shape) > 1 else 0)
        position += stored[name].n_bytes
    position += tables
    if not config.tie_embeddings:
        stored["output.weight"] = Stored((V, C), position, group)
        position += stored["output.weight"].n_bytes
    return stored, position


def fits(path: Path, start: bytes) -> bool:
    """Whether a file without a magic is of version 0: its size is what its first numbers imply."""
    try:
        _, config, _, _ = sizes(start)
    except (ValueError, struct.error):
        return False
    return layout(0, config, 0)[1] == path.stat().st_size


def read(path: Path) -> Checkpoint:
    """Read configuration, tensors and, from `tok<V>.bin` or `tokenizer.bin` beside, the tokenizer.

    Raises:
        ValueError: the file is damaged, or shorter or longer than its header says.
    """
    with path.open("rb") as file:
        start = file.read(HEADER)
    try:
        version, config, _, group = sizes(start)
        stored, length = layout(version, config, group)
    except (ValueError, struct.error) as error:
        raise ValueError(f"{path}: no checkpoint of llama2.c: {error}") from error
    if length != path.stat().st_size:
        raise ValueError(
            f"{path}: truncated or corrupt: its header implies {length:,} bytes and it has "
            f"{path.stat().st_size:,}; fetch it again"
        )
    data = np.memmap(path, mode="c")  # what is changed of it is changed in memory alone
    shapes = {name: tensor.shape for name, tensor in stored.items()}
    tensors = LazyTensors(shapes, lambda name: _tensor(stored[name], data))
    kind = f"llama2.c, {'int8' if version == 2 else 'float32'}"
    return assemble(
        path,
        kind,
        config,
        tensors,
        tied=config.tie_embeddings,
        vocabulary=_vocabulary(path, config.vocab_size),
        guesses=(f"{path.name} says nothing of RoPE's theta and the norms' eps: 10000 and 1e-5",),
    )


def _tensor(stored: Stored, data: np.memmap) -> Tensor:
    shape, offset, group = stored
    n = math.prod(shape)
    if not group:
        return torch.from_numpy(data[offset : offset + 4 * n].view("<f4").reshape(shape))
    whole = data[offset : offset + n].view(np.int8).reshape(-1, group)
    scales = data[offset + n : offset + n + 4 * n // group].view("<f4")
    return torch.from_numpy((whole * scales[:, None]).reshape(shape))


def _vocabulary(path: Path, vocab_size: int) -> SentencePieceVocabulary | None:
    for name in (f"tok{vocab_size}.bin", "tokenizer.bin"):
        if (beside := path.with_name(name)).exists():
            try:
                return from_llama2c(beside.read_bytes(), vocab_size)
            except ValueError as error:
                raise ValueError(f"{beside}: {error}") from error
    return None


def write(
    path: Path,
    config: LlamaConfig,
    tensors: Mapping[str, Tensor],
    vocabulary: Vocabulary | None = None,
    dtype: torch.dtype | None = None,
) -> None:
    """Write version 0, or 2 where `dtype` is int8, and beside it `tok<V>.bin`; both atomically.

    Raises:
        ValueError: the format does not have what this model has; it is named.
    """
    for name, implied in {
        "rope_theta": 10000.0,
        "rope_scaling": None,
        "layer_norm_eps": 1e-5,
        "head_dim": config.dim // config.n_heads,
        "causal": True,
    }.items():
        if (value := getattr(config, name)) != implied:
            raise ValueError(f"llama2.c has no {name}={value}, and {implied} alone")
    version = 2 if dtype == torch.int8 else 0
    hidden_dim = config.hidden_dim or 0
    group = math.gcd(64, config.dim, hidden_dim) if version else 0
    C, V = config.dim, config.vocab_size if version or config.tie_embeddings else -config.vocab_size
    numbers = (C, hidden_dim, config.n_layers, config.n_heads, config.n_kv_heads, V)
    start = struct.pack("<7i", *numbers, config.max_seq_len)
    if version:
        start = MAGIC + struct.pack("<i", version) + start
        start += struct.pack("<?i", config.tie_embeddings, group)
        start = start.ljust(HEADER, b"\0")
    stored, length = layout(version, config, group)
    with ExitStack() as stack:
        if vocabulary is not None:
            tokens = stack.enter_context(atomic_path(path.with_name(f"tok{config.vocab_size}.bin")))
            tokens.write_bytes(_tokens(vocabulary))
        file = stack.enter_context(stack.enter_context(atomic_path(path)).open("wb"))
        file.write(start)
        for name, place in stored.items():
            if name == "output.weight" and not version:
                file.write(_rotations(config))
            file.write(_stored_bytes(tensors[name].float(), place.group))
        if config.tie_embeddings and not version:
            file.write(_rotations(config))
        assert file.tell() == length


def _stored_bytes(tensor: Tensor, group: int) -> bytes:
    values = tensor.contiguous().numpy()
    if not group:
        return values.astype("<f4", copy=False).tobytes()
    groups = values.reshape(-1, group)
    scales = np.maximum(np.abs(groups).max(axis=1), 1e-12) / 127
    whole = np.round(groups / scales[:, None]).astype(np.int8)
    return whole.tobytes() + scales.astype("<f4").tobytes()


def _rotations(config: LlamaConfig) -> bytes:
    """Cosines and sines of all positions, which llama2.c itself no longer reads."""
    pairs = np.arange(0, config.head_dim, 2) / config.head_dim
    angles = np.outer(np.arange(config.max_seq_len), config.rope_theta**-pairs)
    return np.concatenate((np.cos(angles), np.sin(angles))).astype("<f4").tobytes()


def _tokens(vocabulary: Vocabulary) -> bytes:
    if isinstance(vocabulary, JsonVocabulary):
        vocabulary = from_json(vocabulary)
    if not isinstance(vocabulary, SentencePieceVocabulary):
        raise ValueError(
            "llama2.c has SentencePiece's tokenizers alone, and this is byte-level BPE"
        )
    return as_llama2c(pieces_of(vocabulary.model), 1, 2)
