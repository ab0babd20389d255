"""GGUF: each storage type, the vocabulary, the library's reader as oracle, headers that lie."""

from __future__ import annotations

import struct
import tracemalloc
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import checkpoints
from checkpoints import BytePairVocabulary
from config import LlamaConfig, RopeScaling
from data import STAND_IN
from llama import Llama, load_pretrained
from rope import scale_frequencies
from tests.helpers import assert_user_error, random_llama, random_tokens, run_script
from tokenizer import tokenizer_for

gguf = pytest.importorskip("gguf")
from checkpoints.gguf import SCALARS, STRING, TENSOR_NAMES, TYPES, parse  # noqa: E402  it needs the package

# Rows of a multiple of 32 values, which the quantised types demand.
CONFIG = LlamaConfig(
    vocab_size=64,
    dim=64,
    n_layers=2,
    n_heads=4,
    n_kv_heads=2,
    max_seq_len=48,
    hidden_dim=96,
    rope_theta=1e5,
)
TOKENS = [*(chr(0x21 + i) for i in range(61)), "!!", "<bos>", "<eos>"]


def write_gguf(
    path: Path,
    model: Llama,
    kind: str = "F32",
    arrays: dict[str, Any] | None = None,
    factors: np.ndarray | None = None,
    **overrides: Any,
) -> None:
    """Write a model with gguf's own writer; overrides set or, with None, drop metadata.

    Args:
        arrays: of metadata, which replace or follow those of the vocabulary.
        factors: what RoPE's frequencies are divided by.
    """
    config = model.config
    metadata = {
        "llama.block_count": config.n_layers,
        "llama.context_length": config.max_seq_len,
        "llama.embedding_length": config.dim,
        "llama.feed_forward_length": config.hidden_dim,
        "llama.attention.head_count": config.n_heads,
        "llama.attention.head_count_kv": config.n_kv_heads,
        "llama.rope.freq_base": config.rope_theta,
        "llama.attention.layer_norm_rms_epsilon": config.layer_norm_eps,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "smollm",
        "tokenizer.ggml.bos_token_id": 62,
        "tokenizer.ggml.eos_token_id": 63,
        "tokenizer.ggml.add_bos_token": False,
    } | {name.replace("__", "."): value for name, value in overrides.items()}
    writer = gguf.GGUFWriter(path, metadata.pop("general.architecture", "llama"))
    for name, value in metadata.items():
        if isinstance(value, bool):
            writer.add_bool(name, value)
        elif isinstance(value, int):
            writer.add_uint32(name, value)
        elif isinstance(value, float):
            writer.add_float32(name, value)
        elif isinstance(value, str):
            writer.add_string(name, value)
    own = {"tokens": TOKENS, "token_type": [1] * 62 + [3, 3], "merges": ["! !"]}
    for name, values in (own | (arrays or {})).items():
        writer.add_array(f"tokenizer.ggml.{name}", values)
    if factors is not None:
        writer.add_tensor("rope_freqs.weight", factors)
    theirs = {ours: name for name, ours in TENSOR_NAMES.items()}
    quantised = gguf.GGMLQuantizationType[kind]
    for name, tensor in model.named_parameters():
        layer = name.split(".")[1] if name.startswith("layers.") else ""
        general = name.replace(f"layers.{layer}.", "layers.{}.") if layer else name
        array = tensor.detach().numpy()
        stored = quantised if array.ndim == 2 else gguf.GGMLQuantizationType.F32
        writer.add_tensor(theirs[general].format(layer), pack(array, stored), raw_dtype=stored)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def pack(array: np.ndarray, kind: Any) -> np.ndarray:
    """The array in a storage type, or, where the library cannot write that, any bytes."""
    try:
        return gguf.quants.quantize(array, kind)
    except (NotImplementedError, gguf.quants.QuantError):
        block, size = gguf.GGML_QUANT_SIZES[kind]
        shape = len(array), array.shape[1] // block * size
        return np.random.default_rng(0).integers(0, 100, shape).astype(np.uint8)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    write_gguf(tmp_path / "m.gguf", random_llama(CONFIG))
    return tmp_path / "m.gguf"


@pytest.mark.parametrize(
    ("kind", "error"),
    [("F32", 0.0), ("F16", 1e-3), ("BF16", 8e-3), ("Q8_0", 0.01), ("Q4_1", 0.08), ("Q4_0", 0.12)],
)
def test_each_storage_type(tmp_path: Path, kind: str, error: float) -> None:
    """The error of a type is that of its steps, relative to the greatest weight."""
    model = random_llama(CONFIG)
    write_gguf(tmp_path / "m.gguf", model, kind)
    checkpoint = checkpoints.read(tmp_path / "m.gguf")
    assert checkpoint.config == CONFIG
    assert kind in checkpoint.format
    for name, parameter in model.named_parameters():
        expected = parameter.detach()
        got = checkpoint.tensors[name]
        largest = float((got - expected).abs().max() / expected.abs().max())
        assert largest <= (error if expected.ndim == 2 else 0), name
        assert (largest > 0) is (kind != "F32" and expected.ndim == 2)


def blocks(kind: str, row: np.ndarray) -> bytes:
    """A block of 32 weights by the format's definition: scale, (least value,) nibbles or bytes."""
    if kind == "Q8_0":  # d * q
        d = np.float16(0.25)
        return d.tobytes() + row.astype(np.int8).tobytes()
    low, high = row[:16].astype(np.uint8), row[16:].astype(np.uint8)
    nibbles = (low | (high << 4)).tobytes()
    if kind == "Q4_0":  # d * (q - 8)
        return np.float16(0.5).tobytes() + nibbles
    return np.float16(0.5).tobytes() + np.float16(-3).tobytes() + nibbles  # Q4_1: d * q + m


@pytest.mark.parametrize("kind", ["Q4_0", "Q4_1", "Q8_0"])
def test_dequantised_by_the_definition(kind: str) -> None:
    q = np.random.default_rng(0).integers(0, 16, (5, 32))
    raw = np.frombuffer(b"".join(blocks(kind, row) for row in q), np.uint8).reshape(5, -1)
    expected = {"Q4_0": 0.5 * (q - 8.0), "Q4_1": 0.5 * q - 3.0, "Q8_0": 0.25 * q}[kind]
    got = gguf.quants.dequantize(raw, gguf.GGMLQuantizationType[kind])
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("kind", TYPES)
def test_each_tensor_is_the_library_s_to_the_bit(tmp_path: Path, kind: str) -> None:
    """K-quants among them, which come in blocks of 256."""
    config = replace(CONFIG, dim=256, head_dim=64, hidden_dim=256, n_layers=1)
    write_gguf(tmp_path / "m.gguf", random_llama(config), kind)
    tensors = list(checkpoints.read(tmp_path / "m.gguf").tensors.values())
    expected = gguf.GGUFReader(tmp_path / "m.gguf").tensors
    assert len(tensors) == len(expected) == 2 + 9 * config.n_layers
    for got, oracle in zip(tensors, expected, strict=True):
        values = gguf.quants.dequantize(oracle.data, oracle.tensor_type)
        assert got.dtype == torch.float32
        np.testing.assert_array_equal(got.numpy(), values, oracle.name)  # NaN is equal to NaN


def test_the_weights_outlive_the_file(saved: Path) -> None:
    """Stored as float32, they could be views of the mapped file, which changes beneath them."""
    model = load_pretrained(saved)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with saved.open("r+b") as file:
        file.write(b"\xff" * saved.stat().st_size)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name]), name


def test_a_tensor_is_made_when_it_is_asked_for(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One at a time, and none for the shapes: all of them in float32 are never there together."""
    made: list[weakref.ref] = []
    original = checkpoints.gguf._dequantise

    def dequantise(*given: Any) -> torch.Tensor:
        assert sum(tensor() is not None for tensor in made) <= 1, "the last one is still held"
        tensor = original(*given)
        made.append(weakref.ref(tensor))
        return tensor

    monkeypatch.setattr(checkpoints.gguf, "_dequantise", dequantise)
    checkpoint = checkpoints.read(saved)
    assert checkpoint.shapes["norm.weight"] == (CONFIG.dim,)
    assert not made
    model = Llama.from_checkpoint(checkpoint, dtype=torch.bfloat16)
    assert model.dtype == torch.bfloat16
    assert len(made) == len(checkpoint.tensors)


def test_the_same_model_as_from_a_pt(saved: Path) -> None:
    model, tokens = random_llama(CONFIG), random_tokens(2, 9, vocab_size=64)
    assert torch.equal(load_pretrained(saved)(tokens)[0], model(tokens)[0])


@torch.no_grad()
def test_tied_is_what_is_stored_with_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which is found without dequantising: a model too large for that can still be refused."""
    model = random_llama(replace(CONFIG, tie_embeddings=False))
    write_gguf(tmp_path / "untied.gguf", model)
    loaded = load_pretrained(tmp_path / "untied.gguf")
    assert not loaded.config.tie_embeddings
    assert torch.equal(loaded.output.weight, model.output.weight)
    model.output.weight.copy_(model.tok_embeddings.weight)
    write_gguf(tmp_path / "twice.gguf", model, "Q8_0")
    loaded = load_pretrained(tmp_path / "twice.gguf")
    assert loaded.config.tie_embeddings
    assert loaded.output.weight is loaded.tok_embeddings.weight
    monkeypatch.setattr(checkpoints.gguf, "_dequantise", lambda *given: pytest.fail("made one"))
    model.output.weight[-1, -1] += 1
    write_gguf(tmp_path / "nearly.gguf", model, "Q8_0")
    for name, tied in {"untied": False, "twice": True, "nearly": False}.items():
        assert checkpoints.read(tmp_path / f"{name}.gguf").config.tie_embeddings is tied


def test_frequencies_that_are_divided(tmp_path: Path) -> None:
    """Llama 3.1's factors are known again by their numbers; others are taken as they are."""
    rule = RopeScaling("llama3", 8.0)
    plain = CONFIG.rope_theta ** -(torch.arange(8, dtype=torch.float64) / 8)
    factors = plain / scale_frequencies(plain, rule)
    assert factors.min() == 1
    assert factors.max() == 8
    path = tmp_path / "m.gguf"
    write_gguf(path, random_llama(CONFIG), factors=factors.float().numpy())
    assert checkpoints.read(path).config.rope_scaling == rule
    others = np.linspace(1, 3, 8, dtype=np.float32)
    write_gguf(path, random_llama(CONFIG), factors=others)
    scaling = checkpoints.read(path).config.rope_scaling
    assert scaling == RopeScaling("factors", factors=tuple(others.tolist()))
    write_gguf(path, random_llama(CONFIG), factors=others[:5])
    with pytest.raises(ValueError, match=r"rope_freqs.weight \(5,\) is not \(8,\)"):
        checkpoints.read(path)
    for names in ({"type": "linear", "factor": 4.0}, {"type": None, "factor": 4.0}):
        stated: dict[str, Any] = {
            f"llama__rope__scaling__{name}": value for name, value in names.items()
        }
        write_gguf(path, random_llama(CONFIG), **stated)
        assert checkpoints.read(path).config.rope_scaling == RopeScaling("linear", 4.0)
    write_gguf(path, random_llama(CONFIG), factors=others, **stated)
    with pytest.raises(ValueError, match="scaled by 4.0 and by rope_freqs"):
        checkpoints.read(path)


def test_heads_of_another_size(tmp_path: Path) -> None:
    model = random_llama(replace(CONFIG, head_dim=32))
    sizes: dict[str, Any] = {f"llama__attention__{name}_length": 32 for name in ("key", "value")}
    write_gguf(tmp_path / "m.gguf", model, **sizes, llama__rope__dimension_count=32)
    tokens = random_tokens(1, 9, vocab_size=64)
    assert torch.equal(load_pretrained(tmp_path / "m.gguf")(tokens)[0], model(tokens)[0])


def test_its_own_sentencepiece_vocabulary_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another model of the same size lies in the folder, where the course's would."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tokenizer.model").write_bytes(b"never read")
    pieces = ["<unk>", "<s>", "</s>", "\u2581", "a", "b", "\u2581a", "ab"]
    pieces += [f"<p{i}>" for i in range(64 - len(pieces))]
    kinds = [2, 3, 3] + [1] * 61
    scores = [0.0, 0.0, 0.0, -9.0, -9.0, -9.0, -1.0, -2.0, *range(-3, -59, -1)]
    arrays = {"tokens": pieces, "token_type": kinds, "scores": list(map(float, scores))}
    said = {"model": "llama", "bos_token_id": 1, "eos_token_id": 2, "add_bos_token": True}
    overrides: dict[str, Any] = {f"tokenizer__ggml__{name}": value for name, value in said.items()}
    write_gguf(tmp_path / "m.gguf", random_llama(CONFIG), arrays=arrays, **overrides)
    tokenizer = tokenizer_for(checkpoints.read(tmp_path / "m.gguf"))
    assert tokenizer.encode("ab", bos=True, eos=True) == [1, 6, 5, 2]
    assert tokenizer.decode([1, 6, 5, 2]) == "ab"
    overrides["tokenizer__ggml__add_space_prefix"] = False
    write_gguf(tmp_path / "m.gguf", random_llama(CONFIG), arrays=arrays, **overrides)
    tokenizer = tokenizer_for(checkpoints.read(tmp_path / "m.gguf"))
    assert tokenizer.encode("ab", bos=False, eos=False) == [7]


def test_what_else_ends_a_text(tmp_path: Path) -> None:
    said: dict[str, Any] = {
        "tokenizer__ggml__eot_token_id": 7,
        "tokenizer__chat_template": "{{ x }}",
    }
    write_gguf(tmp_path / "m.gguf", random_llama(CONFIG), **said)
    vocabulary = checkpoints.read(tmp_path / "m.gguf").vocabulary
    assert vocabulary is not None
    assert (vocabulary.stop_ids, vocabulary.chat_template) == ([7], "{{ x }}")


def test_the_vocabulary_comes_as_plain_data(saved: Path) -> None:
    vocabulary = checkpoints.read(saved).vocabulary
    assert isinstance(vocabulary, BytePairVocabulary)
    assert vocabulary.tokens == TOKENS
    assert (vocabulary.pre, vocabulary.bos_id, vocabulary.eos_id) == ("smollm", 62, 63)
    assert vocabulary.pad_id == 63
    assert vocabulary.add_bos is False


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"general__architecture": "falcon"}, "architecture is 'falcon'"),
        ({"llama__block_count": None}, "lacks 'llama.block_count'"),
        ({"llama__block_count": 5}, "says n_layers=5 and it holds tensors of 2 layers"),
        ({"llama__block_count": 10**9}, "from 1 to 1,024"),
        ({"llama__feed_forward_length": 95}, "misshapen layers.0.feed_forward.w1.weight (96, 64)"),
        ({"llama__attention__head_count_kv": 3}, "not a multiple of n_kv_heads=3"),
        ({"llama__rope__scaling__type": "yarn"}, "scaled by 'yarn': linear and rope_freqs"),
        ({"llama__rope__dimension_count": 8}, "only 16 is implemented"),
        ({"llama__attention__sliding_window": 16}, "llama.attention.sliding_window is 16"),
        ({"split__count": 3}, "is one of 3 files: join them with llama.cpp's `llama-gguf-split"),
        ({"llama__embedding_length": 2**31}, "must be an integer from 1 to"),
        ({"tokenizer__ggml__eos_token_id": "x"}, "eos_id='x'"),
        ({"llama__expert_count": 4}, "llama.expert_count is 4"),
    ],
)
def test_what_this_model_does_not_have_is_refused(
    tmp_path: Path, overrides: dict, message: str
) -> None:
    write_gguf(tmp_path / "m.gguf", random_llama(CONFIG), **overrides)
    with pytest.raises(ValueError, match=r".") as caught:
        load_pretrained(tmp_path / "m.gguf")
    assert message in str(caught.value)
    assert "m.gguf" in str(caught.value)


def test_an_unknown_storage_type_is_named(tmp_path: Path) -> None:
    assert "I16" not in TYPES
    write_gguf(tmp_path / "m.gguf", random_llama(CONFIG), "I16")
    with pytest.raises(ValueError, match="token_embd.weight is stored as I16"):
        load_pretrained(tmp_path / "m.gguf")


def test_an_error_is_one_line_on_stderr(tmp_path: Path) -> None:
    """Dequantising has begun when the first tensor turns out to be misshapen."""
    write_gguf(tmp_path / "m.gguf", random_llama(CONFIG), llama__feed_forward_length=95)
    result = run_script("run_llama.py", "--pretrained-model-path", tmp_path / "m.gguf")
    assert_user_error(result, "m.gguf", "misshapen")


def assert_parsed_as_by_the_library(path: Path) -> None:
    """Metadata, records and stored bytes are those of GGUFReader, which is slow and trusting."""
    reader = gguf.GGUFReader(path)
    metadata, tensors, data = parse(memoryview(path.read_bytes()))
    fields = {name: field.contents() for name, field in reader.fields.items()}
    expected = {name: value for name, value in fields.items() if not name.startswith("GGUF.")}
    assert metadata == expected
    assert repr(metadata) == repr(expected)  # True == 1 == 1.0
    assert list(tensors) == [oracle.name for oracle in reader.tensors]
    for got, oracle in zip(tensors.values(), reader.tensors, strict=True):
        assert got.shape == tuple(oracle.shape.tolist()[::-1])
        assert got.kind is oracle.tensor_type
        assert data[got.offset : got.offset + got.n_bytes] == oracle.data.tobytes(), oracle.name


def write_one_of_each(path: Path, alignment: int) -> None:
    """Each kind of value, alone and in an array, and each storage type, in 1 to 4 dimensions."""
    writer, kinds = gguf.GGUFWriter(path, "llama"), gguf.GGUFValueType
    extremes: dict[str, Any] = {
        "B": 255,
        "b": -128,
        "H": 65_535,
        "h": -32_768,
        "I": 2**32 - 1,
        "i": -(2**31),
    }
    extremes |= {"f": 0.1, "?": True, "Q": 2**64 - 1, "q": -(2**63), "d": 0.1}
    values = {kind: extremes[letter] for kind, letter in SCALARS.items()} | {STRING: "naïve\n½"}
    for kind, value in values.items():
        writer.add_key_value(f"one.{kind}", value, kinds(kind))
        writer.add_key_value(f"many.{kind}", [value, value * 0, value], kinds.ARRAY, kinds(kind))
    writer.add_custom_alignment(alignment)
    shapes = (96,), (5, 64), (2, 3, 32), (2, 1, 3, 32), (7, 32), (64,)
    rng = np.random.default_rng(0)
    simple = ("F32", "F16", "BF16", "Q4_0", "Q4_1", "Q8_0")
    for name, shape in zip(simple, shapes, strict=True):
        kind = gguf.GGMLQuantizationType[name]
        stored = gguf.quants.quantize(rng.standard_normal(shape, np.float32), kind)
        writer.add_tensor(name, stored, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("alignment", [8, 32, 512])
def test_one_of_each_is_parsed_as_by_the_library(
    tmp_path: Path, alignment: int, version: int
) -> None:
    write_one_of_each(tmp_path / "m.gguf", alignment)
    with (tmp_path / "m.gguf").open("r+b") as file:
        file.seek(4)
        file.write(struct.pack("<I", version))
    assert_parsed_as_by_the_library(tmp_path / "m.gguf")


@pytest.mark.slow
def test_the_stand_in_is_parsed_as_by_the_library() -> None:
    path = STAND_IN.with_name("SmolLM2-135M-Instruct.Q4_1.gguf")
    if not path.exists():
        pytest.skip("the stand-in is not here: bash setup.sh prepares it")
    assert_parsed_as_by_the_library(path)


def test_arrays_nest_once_and_may_be_empty() -> None:
    """The library's reader would flatten them, and its writer refuses the empty one."""
    nested = struct.pack("<IIQ", 9, 9, 2) + struct.pack("<IQ2H", 2, 2, 7, 8)
    nested += struct.pack("<IQ", 8, 1) + text("½".encode())
    empty = struct.pack("<IIQ", 9, 6, 0)
    metadata, *_ = parse(memoryview(header(text(b"k"), nested, text(b"e"), empty, pairs=2)))
    assert metadata == {"k": [[7, 8], ["½"]], "e": []}


def header(*fields: bytes, tensors: int = 0, pairs: int = 1, version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, pairs) + b"".join(fields)


def text(value: bytes, length: int | None = None) -> bytes:
    return struct.pack("<Q", len(value) if length is None else length) + value


HUGE = 2**40
LIES = {
    "a huge number of pairs": header(pairs=HUGE),
    "a huge number of tensors": header(tensors=HUGE, pairs=0),
    "a huge key": header(text(b"k", HUGE)),
    "a huge string": header(text(b"k"), struct.pack("<I", 8), text(b"v", HUGE)),
    "a huge array": header(text(b"k"), struct.pack("<IIQ", 9, 4, HUGE)),
    "a huge array of strings": header(text(b"k"), struct.pack("<IIQ", 9, 8, HUGE)),
    "a huge string in an array": header(text(b"k"), struct.pack("<IIQ", 9, 8, 1), text(b"", HUGE)),
    "a huge array in an array": header(text(b"k"), struct.pack("<IIQIQ", 9, 9, 1, 4, HUGE)),
    "arrays in arrays for ever": header(
        text(b"k"), struct.pack("<I", 9), struct.pack("<IQ", 9, 1) * 99
    ),
    "an unknown type": header(text(b"k"), struct.pack("<I", 77)),
    "a huge tensor": header(text(b"t"), struct.pack("<IQIQ", 1, HUGE, 0, 0), tensors=1, pairs=0),
    "a tensor of many dimensions": header(
        text(b"t"), struct.pack("<I", 1000), b"\0" * 8000, tensors=1, pairs=0
    ),
    "a tensor far beyond the end": header(
        text(b"t"), struct.pack("<IQIQ", 1, 4, 0, HUGE), tensors=1, pairs=0
    ),
    "a tensor without dimensions": header(
        text(b"t"), struct.pack("<IIQ", 0, 0, 0), tensors=1, pairs=0
    ),
    "a tensor of an unknown type": header(
        text(b"t"), struct.pack("<IQIQ", 1, 4, 999, 0), b"\0" * 99, tensors=1, pairs=0
    ),
    "tensors that share their bytes": header(
        *(text(b"t%d" % i) + struct.pack("<IQIQ", 1, 1000, 0, 0) for i in range(9)),
        b"\0" * 4000,
        tensors=9,
        pairs=0,
    ),
    "more elements than any vocabulary": header(
        text(b"k"), struct.pack("<IIQ", 9, 0, 3_000_000), b"\0" * 3_000_000
    ),
    "an unknown version": header(version=9, pairs=0),
    "nothing but the magic": b"GGUF",
    "no pairs at all": header(pairs=0),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_header_that_lies_is_refused_at_once(tmp_path: Path, lie: str) -> None:
    (tmp_path / "m.gguf").write_bytes(LIES[lie])
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"m\.gguf: "):
        checkpoints.read(tmp_path / "m.gguf")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def pair(key: bytes, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def record(name: bytes, *shape: int, kind: int = 0, offset: int = 0) -> bytes:
    """A tensor's, its shape in GGUF's order; kind 0 is F32, kind 3 is Q4_1."""
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)


def aligned_to(alignment: int) -> bytes:
    return header(pair(b"general.alignment", 4, struct.pack("<I", alignment)))


FAULTS = {
    "version 9": header(pairs=0, version=9),
    "a value of unknown type 9": header(
        pair(b"k", 9, struct.pack("<IQIQIQ", 9, 1, 9, 1, 0, 1) + b"1")
    ),
    "a tensor of 5 dimensions": header(record(b"t", 1, 1, 1, 1, 1), bytes(99), tensors=1, pairs=0),
    "general.alignment=0,": aligned_to(0),
    "general.alignment=4,": aligned_to(4),
    "general.alignment=48,": aligned_to(48),
    "general.alignment='32',": header(pair(b"general.alignment", 8, text(b"32"))),
    "general.alignment=32.0,": header(pair(b"general.alignment", 6, struct.pack("<f", 32))),
    "the name 'k', which is taken": header(pair(b"k", 0, b"1"), pair(b"k", 0, b"1"), pairs=2),
    "the name 't', which is taken": header(record(b"t", 4) * 2, bytes(99), tensors=2, pairs=0),
    r"the name 'a\nb', which is taken or does not print": header(pair(b"a\nb", 0, b"1")),
    "text before 34 that is no UTF-8": header(pair(b"\xc3\x28", 0, b"1")),
    "text before 46 that is no UTF-8": header(pair(b"k", 8, text(b"\xff"))),
    "a name of 65,536 bytes": header(pair(b"k" * 65_536, 0, b"1")),
    "shape (2, 33) in blocks of 32": header(
        record(b"t", 33, 2, kind=3), bytes(99), tensors=1, pairs=0
    ),
    # As many values as two blocks, and yet no row that consists of blocks.
    "shape (4, 16) in blocks of 32": header(
        record(b"t", 16, 4, kind=3), bytes(99), tensors=1, pairs=0
    ),
    "shape (0, 4)": header(record(b"t", 4, 0), tensors=1, pairs=0),
    "16 bytes at 4 for the tensor t": header(
        record(b"t", 4, offset=4), bytes(99), tensors=1, pairs=0
    ),
    "16 bytes at 32 for the tensor t": header(
        record(b"t", 4, offset=32), bytes(23), tensors=1, pairs=0
    ),
    "16 bytes at 0 for the tensor u": header(
        record(b"t", 4), record(b"u", 4), bytes(22), tensors=2, pairs=0
    ),
    # The record ends at 57 and the data begin at 64: 15 bytes of them.
    "16 bytes at 0 for the tensor t": header(record(b"t", 4), bytes(22), tensors=1, pairs=0),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_the_format_rules_out_is_named(tmp_path: Path, fault: str) -> None:
    (tmp_path / "m.gguf").write_bytes(FAULTS[fault])
    with pytest.raises(ValueError, match=r".") as caught:
        checkpoints.read(tmp_path / "m.gguf")
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'm.gguf'}: truncated or corrupt GGUF: its header ")
    assert message.endswith("; fetch it again")
    assert fault in message
    assert message.isprintable()


def test_the_data_may_end_with_the_file() -> None:
    whole = header(record(b"t", 4), bytes(23), tensors=1, pairs=0)
    _, tensors, data = parse(memoryview(whole))
    assert (len(data), tensors["t"].shape) == (16, (4,))


def test_every_truncation_is_refused(saved: Path) -> None:
    whole = saved.read_bytes()
    for length in (5, 24, 30, 200, 900, 1500, len(whole) // 2, len(whole) - 64):
        saved.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"m\.gguf"):
            load_pretrained(saved)


def test_noise_in_the_header_never_hangs_or_crashes(saved: Path) -> None:
    whole = bytearray(saved.read_bytes())
    rng = np.random.default_rng(0)
    for _ in range(150):
        noisy = bytearray(whole)
        for place in rng.integers(4, 1500, 3):
            noisy[place] = rng.integers(0, 256)
        saved.write_bytes(noisy)
        try:
            load_pretrained(saved)
        except ValueError as error:
            assert "m.gguf" in str(error)  # noqa: PT017  a harmless change may load
