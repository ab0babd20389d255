"""GGUF, the format of llama.cpp (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).

A header (counts, key/value pairs, a record for each tensor), then the data. The header is read
here, once, and never believed; the package `gguf` (extra `smollm2`) knows the storage types and
dequantises. Its own reader believes a length of 2 ** 40, and takes seconds for a true vocabulary.
"""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from checkpoints.contents import Checkpoint, LazyTensors, assemble, our_name, shapes_of, their_name
from checkpoints.vocabulary import (
    NORMAL,
    UNUSED,
    BytePairVocabulary,
    JsonVocabulary,
    SentencePieceVocabulary,
    Vocabulary,
    from_json,
    pieces_of,
    sentencepiece_model,
    without_gaps,
)
from config import LlamaConfig, RopeScaling
from rope import scale_frequencies
from support.files import atomic_path

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
FREQUENCIES = "rope_freqs.weight"  # what RoPE's frequencies are divided by, (D/2,)
# Storage types that the library dequantises, beside the two that need no dequantising.
TYPES = sorted({"F32", "F16", *(kind.name for kind in gguf.quants._type_traits)})

MAX_ELEMENTS = 2_000_000  # in all arrays of a header; a vocabulary of 256,000 has a million
MAX_NAME = 65_535  # bytes; the format's own bound on a key, generous for a tensor's name

# The format's kinds of value: those of one size, as `struct` spells them, and the other two.
SCALARS = dict(zip((0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12), "BbHhIif?Qqd", strict=True))
STRING, ARRAY = 8, 9


class StoredTensor(NamedTuple):
    shape: tuple[int, ...]  # a torch shape; GGUF states the innermost dimension first
    kind: Any  # a gguf.GGMLQuantizationType
    n_bytes: int
    offset: int  # from the first byte after the header and its padding


@dataclass
class _Header:
    """A position in the header that never passes the end of the file.

    So a count needs no check of its own: what it counts takes bytes, and missing ones end the loop.
    """

    file: memoryview
    position: int = 0
    elements: int = 0  # of all arrays so far

    def take(self, length: int) -> memoryview:
        start, end = self.position, self.position + length
        if end > len(self.file):
            raise ValueError(f"states {length:,} bytes at {start:,} and ends at {len(self.file):,}")
        self.position = end
        return self.file[start:end]

    def unsigned(self, width: int) -> int:
        return int.from_bytes(self.take(width), "little")

    def text(self, longest: float = math.inf) -> str:
        length = self.unsigned(8)
        if length > longest:
            raise ValueError(f"states a name of {length:,} bytes at {self.position:,}")
        try:
            return str(self.take(length), "utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(f"states text before {self.position:,} that is no UTF-8") from error

    def scalars(self, kind: int, count: int) -> list[Any]:
        layout = struct.Struct(f"<{count}{SCALARS[kind]}")
        return list(layout.unpack(self.take(layout.size)))

    def value(self, kind: int, depth: int = 0) -> Any:
        if kind == STRING:
            return self.text()
        if kind in SCALARS:
            return self.scalars(kind, 1)[0]
        if kind != ARRAY or depth > 1:
            raise ValueError(f"states a value of unknown type {kind} at {self.position:,}")
        kind, length = self.unsigned(4), self.unsigned(8)
        self.elements += length  # Python makes an object of each, of up to 32 bytes for one
        if self.elements > MAX_ELEMENTS:
            raise ValueError(f"states arrays of more than {MAX_ELEMENTS:,} elements")
        if kind in SCALARS:
            return self.scalars(kind, length)
        return [self.value(kind, depth + 1) for _ in range(length)]

    def tensor(self) -> StoredTensor:
        dimensions = self.unsigned(4)
        if not 1 <= dimensions <= 4:
            raise ValueError(f"states a tensor of {dimensions} dimensions")
        shape = tuple(self.unsigned(8) for _ in range(dimensions))[::-1]
        kind, offset = self.unsigned(4), self.unsigned(8)
        if kind not in gguf.GGML_QUANT_SIZES:
            raise ValueError(f"states a tensor of unknown type {kind}")
        block, block_bytes = gguf.GGML_QUANT_SIZES[kind]
        if 0 in shape or shape[-1] % block:
            raise ValueError(f"states a tensor of shape {shape} in blocks of {block}")
        n_bytes = math.prod(shape) // block * block_bytes
        return StoredTensor(shape, gguf.GGMLQuantizationType(kind), n_bytes, offset)

    def table(self, count: int, entry: Callable[[], Any]) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        for _ in range(count):
            name = self.text(MAX_NAME)
            if name in entries or not name.isprintable():  # errors quote it, and are one line
                raise ValueError(f"states the name {name!r}, which is taken or does not print")
            entries[name] = entry()
        return entries


def parse(file: memoryview) -> tuple[dict[str, Any], dict[str, StoredTensor], memoryview]:
    """Split a GGUF into metadata (plain Python values), records of its tensors, and their data.

    Raises:
        ValueError: what the header states the file does not hold, or the format does not allow.
    """
    header = _Header(file)
    header.take(4)  # the magic, which brought us here
    version = header.unsigned(4)
    if version not in (2, 3):
        raise ValueError(f"has version {version}, and 2 and 3 are known")
    n_tensors, n_pairs = header.unsigned(8), header.unsigned(8)
    metadata = header.table(n_pairs, lambda: header.value(header.unsigned(4)))
    tensors = header.table(n_tensors, header.tensor)
    alignment = metadata.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment < 8 or alignment.bit_count() != 1:
        raise ValueError(f"states general.alignment={alignment!r}, no power of 2 from 8 on")
    data = file[header.position + -header.position % alignment :]
    stored = 0  # by all together: tensors that share their bytes would multiply the memory
    for name, (_, _, size, offset) in tensors.items():
        stored += size
        if offset % alignment or max(stored, offset + size) > len(data):
            raise ValueError(f"states {size:,} bytes at {offset:,} for the tensor {name}")
    return metadata, tensors, data


def read(path: Path) -> Checkpoint:
    """Read configuration, vocabulary and tensors of a Llama in GGUF, dequantised one at a time.

    Raises:
        ValueError: the file is damaged, of another architecture, or uses something that this
            model does not have.
    """
    try:
        metadata, stored, data = parse(np.memmap(path, mode="r").data)
    except ValueError as error:
        raise ValueError(
            f"{path}: truncated or corrupt GGUF: its header {error}; fetch it again"
        ) from error
    try:
        factors = stored.pop(FREQUENCIES, None)
        kind = _main_kind(stored)
        config = _config(metadata, stored, None if factors is None else _dequantise(factors, data))
        vocabulary = _vocabulary(metadata)
        records = {our_name(name, TENSOR_NAMES, "gguf"): t for name, t in stored.items()}
        if tied := _is_tied(records, data):
            records.pop("output.weight", None)
        shapes = {name: tensor.shape for name, tensor in records.items()}
        tensors = LazyTensors(shapes, lambda name: _dequantise(records[name], data))
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"{path}: {error}") from error
    return assemble(path, f"GGUF {kind}", config, tensors, tied=tied, vocabulary=vocabulary)


def _is_tied(tensors: dict[str, StoredTensor], data: memoryview) -> bool:
    """Whether there is no output projection, or it is stored with the bytes of the embedding."""
    output, embedding = (tensors.get(f"{name}.weight") for name in ("output", "tok_embeddings"))
    if output is None or embedding is None:
        return output is None
    one, other = (np.frombuffer(data, np.uint8, t.n_bytes, t.offset) for t in (output, embedding))
    return output[:3] == embedding[:3] and one.data == other.data


def _config(
    metadata: dict[str, Any], tensors: dict[str, StoredTensor], factors: Tensor | None
) -> LlamaConfig:
    architecture = metadata.get("general.architecture")
    if architecture != "llama":
        raise ValueError(f"its architecture is {architecture!r}, and only 'llama' is implemented")
    if (parts := metadata.get("split.count", 1)) > 1:
        raise ValueError(
            f"is one of {parts} files: join them with llama.cpp's "
            "`llama-gguf-split --merge FIRST-FILE.gguf WHOLE.gguf`"
        )

    def get(name: str) -> Any:
        if name not in metadata:
            raise ValueError(f"lacks {name!r}, which a Llama needs")
        return metadata[name]

    heads = get("llama.attention.head_count")
    if "token_embd.weight" not in tensors:
        raise ValueError("missing tok_embeddings.weight (token_embd.weight)")
    longest = get("llama.context_length")
    config = LlamaConfig(
        vocab_size=tensors["token_embd.weight"].shape[0],
        dim=get("llama.embedding_length"),
        n_layers=get("llama.block_count"),
        n_heads=heads,
        n_kv_heads=metadata.get("llama.attention.head_count_kv", heads),
        head_dim=metadata.get("llama.attention.key_length", 0),
        max_seq_len=longest,
        # Stored as float32, it would come as 9.99999975e-06: the shortest spelling is 1e-5.
        layer_norm_eps=float(str(np.float32(get("llama.attention.layer_norm_rms_epsilon")))),
        hidden_dim=get("llama.feed_forward_length"),
        rope_theta=metadata.get("llama.rope.freq_base", 10000.0),
    )
    for name, ours in {
        "llama.rope.dimension_count": config.head_dim,
        "llama.attention.value_length": config.head_dim,
        "llama.expert_count": 0,
        "llama.attention.sliding_window": longest,
    }.items():
        if metadata.get(name, ours) != ours:
            raise ValueError(f"{name} is {metadata[name]!r}, and only {ours!r} is implemented")
    return replace(config, rope_scaling=_rope_scaling(metadata, config, factors))


def _rope_scaling(
    metadata: dict[str, Any], config: LlamaConfig, factors: Tensor | None
) -> RopeScaling | None:
    kind = metadata.get("llama.rope.scaling.type", "linear")
    factor = metadata.get("llama.rope.scaling.factor", metadata.get("llama.rope.scale_linear", 1.0))
    if kind not in ("none", "linear"):
        raise ValueError(f"RoPE is scaled by {kind!r}: linear and rope_freqs are implemented")
    if kind == "linear" and factor != 1:
        if factors is not None:
            raise ValueError(f"RoPE is scaled by {factor} and by {FREQUENCIES}: one is implemented")
        return RopeScaling("linear", factor)
    if factors is None:
        return None
    if factors.shape != (config.head_dim // 2,):
        raise ValueError(f"{FREQUENCIES} {tuple(factors.shape)} is not ({config.head_dim // 2},)")
    # Llama 3.1's rule comes worked out; by its name other programs can be told of it.
    rule = RopeScaling("llama3", max(1.0, float(factors.max())))
    implied = _factors(replace(config, rope_scaling=rule))
    if implied is not None and torch.allclose(implied, factors, rtol=1e-4):
        return rule
    return RopeScaling("factors", factors=tuple(factors.tolist()))


def _vocabulary(metadata: dict[str, Any]) -> Vocabulary | None:
    kind = metadata.get("tokenizer.ggml.model")
    if kind not in ("gpt2", "llama"):
        return None

    def get(name: str, *default: Any) -> Any:
        name = f"tokenizer.ggml.{name}"
        if name not in metadata and not default:
            raise ValueError(f"lacks {name!r}, which its tokenizer needs")
        return metadata.get(name, *default)

    tokens = get("tokens")
    eos = get("eos_token_id", *([None] * (kind == "llama")))
    stops = (get(f"{name}_token_id", None) for name in ("eot", "eom"))
    special: dict[str, Any] = {
        "add_bos": get("add_bos_token", None),
        "stop_ids": [stop for stop in stops if stop is not None],
        "chat_template": metadata.get("tokenizer.chat_template"),
    }
    kinds = get("token_type", [NORMAL] * len(tokens))
    if kind == "llama":
        scores, space = get("scores"), get("add_space_prefix", True)
        return SentencePieceVocabulary(
            sentencepiece_model(tokens, scores, kinds, add_prefix_space=space),
            bos_id=get("bos_token_id", None),
            eos_id=eos,
            pad_id=get("padding_token_id", None),
            **special,
        )
    return BytePairVocabulary(
        pre=get("pre", None),
        tokens=tokens,
        token_types=kinds,
        merges=get("merges"),
        bos_id=get("bos_token_id", eos),
        eos_id=eos,
        pad_id=get("padding_token_id", eos),
        **special,
    )


def _main_kind(tensors: dict[str, StoredTensor]) -> str:
    """The storage type of most bytes, for people; one that is not dequantised is refused."""
    sizes: Counter[str] = Counter()
    for name, tensor in tensors.items():
        if tensor.kind.name not in TYPES:
            raise ValueError(f"{name} is stored as {tensor.kind.name}; known: {', '.join(TYPES)}")
        sizes[tensor.kind.name] += tensor.n_bytes
    return next((name for name, _ in sizes.most_common(1)), "empty")


def _dequantise(tensor: StoredTensor, data: memoryview) -> Tensor:
    stored = np.frombuffer(data, np.uint8, tensor.n_bytes, tensor.offset)
    rows = stored.reshape(*tensor.shape[:-1], -1)  # a row is whole blocks, so many bytes
    values = gguf.quants.dequantize(rows, tensor.kind)
    # F32 comes as a view of the file, which is mapped read-only: "W", for writeable, copies it.
    return torch.from_numpy(np.require(values, np.float32, "W"))


def write(
    path: Path,
    config: LlamaConfig,
    tensors: Mapping[str, Tensor],
    vocabulary: Vocabulary | None = None,
    dtype: torch.dtype | None = None,
) -> None:
    """Write a file that llama.cpp reads, a tensor at a time, atomically; norms stay float32.

    Args:
        dtype: float32 (the default), float16, or int8, which is Q8_0.

    Raises:
        ValueError: the format does not have what this model has; it is named.
    """
    if not config.causal:
        raise ValueError("llama.cpp's Llama is causal, and this model is not")
    kind = {None: "F32", torch.float32: "F32", torch.float16: "F16", torch.int8: "Q8_0"}[dtype]
    block, _ = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[kind]]
    with atomic_path(path) as temporary:
        writer = gguf.GGUFWriter(temporary, "llama")
        _write_config(writer, config)
        if vocabulary is not None:
            _write_vocabulary(writer, vocabulary, config.vocab_size)
        factors = _factors(config)
        kinds = {}
        if factors is not None:
            _add(writer, FREQUENCIES, tuple(factors.shape), "F32")
        for name, shape in shapes_of(tensors).items():
            if len(shape) > 1 and shape[-1] % block:
                raise ValueError(f"{name} {shape}: {kind} takes rows of a multiple of {block}")
            kinds[name] = kind if len(shape) > 1 else "F32"
            _add(writer, their_name(name, TENSOR_NAMES), shape, kinds[name])
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        if factors is not None:
            writer.write_tensor_data(factors.float().numpy())
        for name in kinds:
            values = tensors[name].float().contiguous().numpy()
            packed = gguf.quants.quantize(values, gguf.GGMLQuantizationType[kinds[name]])
            writer.write_tensor_data(packed)
        writer.close()


def _add(writer: Any, name: str, shape: tuple[int, ...], kind: str) -> None:
    stored = gguf.GGMLQuantizationType[kind]
    block, size = gguf.GGML_QUANT_SIZES[stored]
    plain = {"F32": np.float32, "F16": np.float16}.get(kind, np.uint8)
    if plain is np.uint8:  # which the library takes in bytes
        shape = *shape[:-1], shape[-1] // block * size
        n_bytes = math.prod(shape)
    else:
        n_bytes = math.prod(shape) * size
    writer.add_tensor_info(name, shape, np.dtype(plain), n_bytes, raw_dtype=stored)


def _write_config(writer: Any, config: LlamaConfig) -> None:
    writer.add_name("min-llama")
    writer.add_block_count(config.n_layers)
    writer.add_context_length(config.max_seq_len)
    writer.add_embedding_length(config.dim)
    writer.add_feed_forward_length(config.hidden_dim)
    writer.add_head_count(config.n_heads)
    writer.add_head_count_kv(config.n_kv_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_layer_norm_rms_eps(config.layer_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    scaling = config.rope_scaling
    if scaling is not None and scaling.kind == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(scaling.factor)


def _factors(config: LlamaConfig) -> Tensor | None:
    """What each frequency is divided by, where that is a table here."""
    scaling = config.rope_scaling
    if scaling is None or scaling.kind == "linear":
        return None
    n = config.head_dim // 2
    plain = config.rope_theta ** -(torch.arange(n, dtype=torch.float64) / n)
    return (plain / scale_frequencies(plain, scaling)).float()


def _write_vocabulary(writer: Any, vocabulary: Vocabulary, rows: int) -> None:
    if isinstance(vocabulary, JsonVocabulary):
        vocabulary = from_json(vocabulary)
    if isinstance(vocabulary, SentencePieceVocabulary):
        taken = pieces_of(vocabulary.model)
        tokens, kinds = taken.pieces, taken.kinds
        padding = rows - len(tokens)
        writer.add_tokenizer_model("llama")
        writer.add_token_scores(taken.scores + [0.0] * padding)
        writer.add_add_space_prefix(taken.add_prefix_space)
    else:
        assert isinstance(vocabulary, BytePairVocabulary)
        vocabulary, _ = without_gaps(vocabulary)
        tokens, kinds = vocabulary.tokens, vocabulary.token_types
        padding = rows - len(tokens)
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(vocabulary.pre)
        writer.add_token_merges(vocabulary.merges)
    # llama.cpp wants a token for each row of the embedding.
    writer.add_token_list(tokens + [f"[PAD{i}]" for i in range(padding)])
    writer.add_token_types(kinds + [UNUSED] * padding)
    ids = {token: i for i, token in enumerate(tokens)}
    bos = ids.get("<s>") if vocabulary.bos_id is None else vocabulary.bos_id
    eos = ids.get("</s>") if vocabulary.eos_id is None else vocabulary.eos_id
    for add, i in ((writer.add_bos_token_id, bos), (writer.add_eos_token_id, eos),
                   (writer.add_pad_token_id, vocabulary.pad_id)):  # fmt: skip
        if i is not None and i >= 0:
            add(i)
    if others := [i for i in vocabulary.stop_ids if i != eos]:
        writer.add_eot_token_id(others[0])
    if vocabulary.add_bos is not None:
        writer.add_add_bos_token(vocabulary.add_bos)
    if vocabulary.chat_template is not None:
        writer.add_chat_template(vocabulary.chat_template)
