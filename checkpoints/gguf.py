"""GGUF, the format of llama.cpp: read through the `gguf` library (extra `smollm2`).

The format: a header (counts, key/value pairs, one record for each tensor), then the data. The
library believes every length that the header states, and a length of 2 ** 40 would keep it busy
for ever; so `check_header` walks over the header first and holds each length against the file.
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from checkpoints.contents import BytePairVocabulary, Checkpoint, assemble
from config import LlamaConfig

try:
    import gguf
except ImportError as error:
    raise ValueError(
        "reading GGUF needs the package gguf (extra smollm2): pip install gguf tokenizers"
    ) from error

# The one key table of this format: GGUF's name -> ours; {} is the number of the layer. GGUF keeps
# query and key in the interleaved order that rope.py rotates, so nothing has to be permuted.
TENSOR_NAMES = {
    "token_embd.weight": "tok_embeddings.weight",
    "output_norm.weight": "norm.weight",
    "output.weight": "output.weight",
    "blk.{}.attn_norm.weight": "layers.{}.attention_norm.weight",
    "blk.{}.attn_q.weight": "layers.{}.attention.compute_query.weight",
    "blk.{}.attn_k.weight": "layers.{}.attention.compute_key.weight",
    "blk.{}.attn_v.weight": "layers.{}.attention.compute_value.weight",
    "blk.{}.attn_output.weight": "layers.{}.attention.compute_output.weight",
    "blk.{}.ffn_norm.weight": "layers.{}.ffn_norm.weight",
    "blk.{}.ffn_gate.weight": "layers.{}.feed_forward.w1.weight",
    "blk.{}.ffn_down.weight": "layers.{}.feed_forward.w2.weight",
    "blk.{}.ffn_up.weight": "layers.{}.feed_forward.w3.weight",
}
# Storage types that are read; gguf knows more, but only these are held equal by a test.
TYPES = ("F32", "F16", "BF16", "Q4_0", "Q4_1", "Q8_0")

MAX_ELEMENTS = 2_000_000  # in all arrays of a header; a vocabulary of 256,000 has a million

SCALAR_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
STRING, ARRAY = 8, 9
TYPE_SIZES = {int(kind): sizes for kind, sizes in gguf.GGML_QUANT_SIZES.items()}
MAX_NAME = 65_535  # bytes; the format's own bound on a key, generous for a tensor's name


@dataclass
class _Header:
    """A position in the header that never passes the end of the file."""

    file: BinaryIO
    size: int
    elements: int = 0  # of all arrays so far

    def unsigned(self, width: int) -> int:
        self.require(width)
        return int(struct.unpack({4: "<I", 8: "<Q"}[width], self.file.read(width))[0])

    def skip(self, length: int) -> None:
        self.require(length)
        self.file.seek(length, 1)

    def require(self, length: int) -> None:
        if length > self.size - self.file.tell():
            raise ValueError(
                f"states {length:,} bytes at {self.file.tell():,} and ends at {self.size:,}"
            )

    def name(self) -> None:
        length = self.unsigned(8)
        if length > MAX_NAME:
            raise ValueError(f"states a name of {length:,} bytes at {self.file.tell():,}")
        self.skip(length)

    def value(self, kind: int, depth: int = 0) -> None:
        if kind in SCALAR_BYTES:
            self.skip(SCALAR_BYTES[kind])
        elif kind == STRING:
            self.skip(self.unsigned(8))
        elif kind == ARRAY and depth < 2:
            kind, length = self.unsigned(4), self.unsigned(8)
            # The least that an element takes: a string its length, an array its kind and length.
            self.require(length * SCALAR_BYTES.get(kind, 8 if kind == STRING else 12))
            self.elements += length  # the library makes an object of each
            if self.elements > MAX_ELEMENTS:
                raise ValueError(f"states arrays of more than {MAX_ELEMENTS:,} elements")
            if kind in SCALAR_BYTES:
                self.skip(length * SCALAR_BYTES[kind])
            else:
                for _ in range(length):
                    self.value(kind, depth + 1)
        else:
            raise ValueError(f"states a value of unknown type {kind} at {self.file.tell():,}")


def check_header(path: Path) -> None:
    """Hold every count and length of a GGUF header against the size of the file.

    Raises:
        ValueError: the header states more than the file holds, or is of an unknown version.
    """
    with path.open("rb") as file:
        header = _Header(file, path.stat().st_size)
        try:
            header.skip(4)  # the magic, which brought us here
            version = header.unsigned(4)
            if version not in (2, 3):
                raise ValueError(f"has version {version}, and 2 and 3 are known")
            tensors, pairs = header.unsigned(8), header.unsigned(8)
            header.require(12 * pairs + 24 * tensors)  # the least that they take
            stored = 0
            for _ in range(pairs):
                header.name()
                header.value(header.unsigned(4))
            for _ in range(tensors):
                header.name()
                dimensions = header.unsigned(4)
                if not 1 <= dimensions <= 4:
                    raise ValueError(f"states a tensor of {dimensions} dimensions")
                elements = math.prod(header.unsigned(8) for _ in range(dimensions))
                kind = header.unsigned(4)
                if kind not in TYPE_SIZES:
                    raise ValueError(f"states a tensor of unknown type {kind}")
                block, block_bytes = TYPE_SIZES[kind]
                stored += elements // block * block_bytes
                # All of them together: tensors that share their bytes would multiply the memory.
                if max(stored, header.unsigned(8)) > header.size:
                    raise ValueError(f"states tensors of {stored:,} bytes")
        except ValueError as error:
            raise ValueError(
                f"{path}: truncated or corrupt GGUF: its header {error}; fetch it again"
            ) from error


def read(path: Path) -> Checkpoint:
    """Read configuration, dequantised float32 tensors and vocabulary of a Llama in GGUF.

    Raises:
        ValueError: the file is damaged, of another architecture, or uses something that this
            model does not have.
    """
    check_header(path)
    try:
        reader = gguf.GGUFReader(path)
        metadata = {name: field.contents() for name, field in reader.fields.items()}
    except (ValueError, KeyError, IndexError, TypeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: truncated or corrupt GGUF: {error}; fetch it again") from error
    try:
        config = _config(metadata, reader.tensors)
        vocabulary = _vocabulary(metadata)
        kinds: dict[str, int] = {}  # storage type -> bytes
        for tensor in reader.tensors:
            kind = tensor.tensor_type.name
            if kind not in TYPES:
                raise ValueError(f"{tensor.name} is stored as {kind}; known: {', '.join(TYPES)}")
            kinds[kind] = kinds.get(kind, 0) + tensor.n_bytes
        # The bar shows on a terminal only: an error is one line.
        bar = tqdm(reader.tensors, "dequantising", unit=" tensors", leave=False, disable=None)
        tensors: dict[str, Tensor] = {_model_key(t.name): _dequantise(t) for t in bar}
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"{path}: {error}") from error
    main_kind = max(kinds, key=kinds.__getitem__, default="without tensors")
    return assemble(path, f"GGUF {main_kind}", config, tensors, tied=None, vocabulary=vocabulary)


def _config(metadata: dict[str, Any], tensors: list[Any]) -> LlamaConfig:
    architecture = metadata.get("general.architecture")
    if architecture != "llama":
        raise ValueError(f"its architecture is {architecture!r}, and only 'llama' is implemented")

    def get(name: str) -> Any:
        if name not in metadata:
            raise ValueError(f"lacks {name!r}, which a Llama needs")
        return metadata[name]

    heads = get("llama.attention.head_count")
    shapes = {tensor.name: tensor.shape.tolist() for tensor in tensors}
    if "token_embd.weight" not in shapes:
        raise ValueError("missing tok_embeddings.weight (token_embd.weight)")
    config = LlamaConfig(
        vocab_size=shapes["token_embd.weight"][-1],
        dim=get("llama.embedding_length"),
        n_layers=get("llama.block_count"),
        n_heads=heads,
        n_kv_heads=metadata.get("llama.attention.head_count_kv", heads),
        max_seq_len=get("llama.context_length"),
        # Stored as float32: 1e-5 comes back as 9.99999975e-06.
        layer_norm_eps=_shortest_float32(get("llama.attention.layer_norm_rms_epsilon")),
        hidden_dim=get("llama.feed_forward_length"),
        rope_theta=metadata.get("llama.rope.freq_base", 10000.0),
    )
    for name, ours in {
        "llama.rope.dimension_count": config.head_dim,
        "llama.attention.key_length": config.head_dim,
        "llama.attention.value_length": config.head_dim,
        "llama.expert_count": 0,
        "llama.rope.scaling.type": "none",
        "llama.rope.scaling.factor": 1.0,
        "llama.rope.scale_linear": 1.0,
    }.items():
        if metadata.get(name, ours) != ours:
            raise ValueError(f"{name} is {metadata[name]!r}, and only {ours!r} is implemented")
    return config


def _shortest_float32(value: float) -> float:
    return float(str(np.float32(value)))


def _vocabulary(metadata: dict[str, Any]) -> BytePairVocabulary | None:
    kind = metadata.get("tokenizer.ggml.model")
    if kind != "gpt2":
        return None  # "llama" is SentencePiece's, which brings a tokenizer.model of its own

    def get(name: str, *default: Any) -> Any:
        name = f"tokenizer.ggml.{name}"
        if name not in metadata and not default:
            raise ValueError(f"lacks {name!r}, which its tokenizer needs")
        return metadata.get(name, *default)

    tokens = get("tokens")
    eos = get("eos_token_id")
    bos = get("bos_token_id", eos)
    return BytePairVocabulary(
        pre=get("pre", "gpt-2"),
        tokens=tokens,
        token_types=get("token_type", [1] * len(tokens)),
        merges=get("merges"),
        bos_id=bos,
        eos_id=eos,
        pad_id=get("padding_token_id", eos),
        add_bos=get("add_bos_token", False),
    )


def _model_key(name: str) -> str:
    layer = re.match(r"blk\.(\d{1,6})\.", name)
    if layer is None:
        return TENSOR_NAMES.get(name, f"gguf:{name}")  # named as unexpected later
    general = TENSOR_NAMES.get(f"blk.{{}}.{name[layer.end() :]}")
    return f"gguf:{name}" if general is None else general.format(layer[1])


def _dequantise(tensor: Any) -> Tensor:
    values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
    values = np.asarray(values, dtype=np.float32)
    # GGUF counts dimensions from the innermost: reversed, they are a torch shape.
    return torch.from_numpy(values.reshape(tensor.shape.tolist()[::-1]).copy())
