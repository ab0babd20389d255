"""Damaged and hostile files of every format: one clear line, and no crash, hang or flood."""

from __future__ import annotations

import base64
import io
import json
import pickle
import random
import re
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import checkpoints
from checkpoints.convert import convert
from checkpoints.pt import MAX_PICKLE, repetitions
from checkpoints.tokenizer_files import saved_beside
from checkpoints.vocabulary import SentencePieceVocabulary, sentencepiece_model
from config import LlamaConfig
from llama import Llama
from loading import load
from tests.helpers import random_llama, vocabulary
from tokenizer import load_tokenizer, tokenizer_for

resource = pytest.importorskip("resource")
pytest.importorskip("safetensors")
pytest.importorskip("gguf")
V = len(vocabulary().tokens)
CONFIG = LlamaConfig(
    vocab_size=V, dim=32, n_layers=2, n_heads=4, n_kv_heads=2, max_seq_len=48, hidden_dim=64
)
ENDINGS = {"course": ".pt", "huggingface": "", "llama2c": ".bin", "gguf": ".gguf"}
ROOM = 1 << 30  # bytes that reading a file of 200 kB may take, at the very most
NUMBERS = (b"\xff" * 8, b"\0" * 8, struct.pack("<Q", 2**40), struct.pack("<q", -1), b"\x7f" * 4)
JSON_VALUES = (
    *("-1", "0", "1e999", "9" * 30, "NaN", "null", "[]", "{}", '"x"', "true", "[[[[1]]]]", "0.5"),
    *('"\\ud800"', '["a", 1]', "1000000000"),
)


def sentencepieces() -> SentencePieceVocabulary:
    spelt = [f"<0x{byte:02X}>" for byte in range(256)]
    pieces = ["<unk>", "<s>", "</s>", *spelt, *"abcdefghijklmn"][:V]
    kinds = [2, 3, 3, *[6] * 256, *[1] * (V - 259)]
    return SentencePieceVocabulary(
        sentencepiece_model(pieces, [-float(i) for i in range(V)], kinds)
    )


def specimen(folder: Path, format: str, kind: str) -> Path:
    """A small checkpoint of a format, with a tokenizer of a kind."""
    source = folder / "m.pt"
    brought = sentencepieces() if kind == "pieces" else vocabulary(chat_template="{{ 1 }}")
    with saved_beside(brought, source):
        random_llama(CONFIG).save_pretrained(source)
    if format == "course":
        return source
    if format == "meta":
        path = folder / "meta"
        path.mkdir()
        torch.save(dict(random_llama(CONFIG).state_dict()), path / "consolidated.00.pth")
        facts = {"dim": 32, "n_layers": 2, "n_heads": 4, "n_kv_heads": 2, "norm_eps": 1e-5}
        facts |= {"rope_theta": 500000.0, "use_scaled_rope": True}
        (path / "params.json").write_text(json.dumps(facts))
        (path / "tokenizer.model").write_bytes(brought.to_file()[1])
    else:
        path = folder / f"of{ENDINGS[format]}"
        convert(source, path, format)
    for file in folder.glob("m.*"):
        file.unlink()
    return path


def files_of(path: Path) -> list[Path]:
    """What is read of a checkpoint: itself, or what is in it, and what lies beside it."""
    return sorted(path.iterdir() if path.is_dir() else path.parent.iterdir())


def use(path: Path) -> None:
    """All that a mode does with a checkpoint."""
    checkpoint = checkpoints.read(path)
    tokenizer = tokenizer_for(checkpoint)
    model = Llama.from_checkpoint(checkpoint)
    ids = tokenizer.encode("the cat 12 é", bos=True, eos=True, specials=True)
    tokenizer.decode(ids)
    tokenizer.ends("the cat é")
    model(torch.tensor([ids]))


def damaged(content: bytes, chance: random.Random, is_json: bool) -> bytes:
    """A file with one thing wrong: bits, bytes, a number, a length, a value of JSON."""
    if is_json and chance.random() < 0.6:
        text = content.decode()
        found = list(re.finditer(r'-?\d+(\.\d+)?|"[^"]*"|true|false|null|\[|\{', text[:100_000]))
        place = chance.choice(found)
        text = text[: place.start()] + chance.choice(JSON_VALUES) + text[place.end() :]
        return text.encode("utf-8", "surrogatepass")
    data, n = bytearray(content), len(content)
    near = min(n, chance.choice([64, 400, 4000, n]))  # headers stand at either end
    at = chance.randrange(near)
    at = n - 1 - at if chance.random() < 0.3 else at
    kind = chance.randrange(6)
    if kind <= 1:
        for _ in range(chance.choice([1, 1, 1, 2, 5])):
            data[min(n - 1, at + chance.randrange(near))] ^= 1 << chance.randrange(8)
    elif kind == 2:
        width = chance.choice([4, 8])
        data[at : at + width] = chance.choice(NUMBERS)[:width]
    elif kind == 3:
        del data[chance.randrange(n) :]
    elif kind == 4:
        del data[at : at + chance.randrange(1, 20)]
    else:
        start = chance.randrange(n)
        data[at:at] = data[start : start + chance.randrange(1, 40)]
    return bytes(data)


@pytest.fixture
def little_memory() -> Iterator[None]:
    """What would take more than ROOM fails, in place of filling the machine."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + ROOM, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def assert_refused_or_read(path: Path, act: Callable[[], None], file: Path, bad: bytes) -> None:
    good = file.read_bytes()
    file.write_bytes(bad)
    refused: ValueError | None = None
    try:
        act()
    except ValueError as error:
        refused = error
    finally:
        file.write_bytes(good)
    assert refused is None or "\n" not in str(refused)
    assert type(refused) in (type(None), ValueError)  # of our own making, no UnicodeDecodeError


KINDS = [
    *(("course", "merges"), ("course", "pieces"), ("huggingface", "merges")),
    *(("huggingface", "pieces"), ("gguf", "merges"), ("gguf", "pieces"), ("llama2c", "pieces")),
    ("meta", "pieces"),
]


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is counted as on Linux")
@pytest.mark.parametrize(("format", "kind"), KINDS, ids=["-".join(pair) for pair in KINDS])
@pytest.mark.parametrize(
    "count", [30, pytest.param(250, marks=pytest.mark.slow)], ids=["few", "many"]
)
def test_damage_ends_in_one_line(
    tmp_path: Path, little_memory: None, format: str, kind: str, count: int
) -> None:
    path = specimen(tmp_path, format, kind)
    files, chance = files_of(path), random.Random(f"{format} {kind} {count}")
    use(path)
    for _ in range(count):
        file = chance.choice(files)
        bad = damaged(file.read_bytes(), chance, file.suffix == ".json")
        assert_refused_or_read(path, lambda: use(path), file, bad)
    use(path)


@given(data=st.data())
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("kind", ["pieces", "tiktoken", "llama2c", "json", "ours"])
def test_a_tokenizers_file(tmp_path: Path, kind: str, data: Any) -> None:
    """Hypothesis looks for the bytes, and shrinks those it finds."""
    tokens = [bytes([byte]) for byte in range(256)] + [b"th", b"the", b" t"]
    content = {
        "pieces": lambda: sentencepieces().model,
        "tiktoken": lambda: b"".join(
            base64.b64encode(token) + b" %d\n" % rank for rank, token in enumerate(tokens)
        ),
        "llama2c": lambda: (
            struct.pack("<I", 6)
            + b"".join(struct.pack("<fI", 0.0, 1) + bytes([65 + i % 26]) for i in range(40))
        ),
        "json": lambda: json_tokenizer().encode(),
        "ours": lambda: vocabulary().to_file()[1],
    }[kind]()
    edits = st.tuples(st.integers(0, len(content) - 1), st.binary(max_size=9), st.integers(0, 9))
    bad = bytearray(content)
    for at, new, length in data.draw(st.lists(edits, min_size=1, max_size=3)):
        bad[at : at + length] = new
    file = tmp_path / ("tokenizer.model" if kind == "tiktoken" else "tokenizer.json")
    file.write_bytes(content)

    def act() -> None:
        tokenizer = load_tokenizer(file)
        tokenizer.decode(tokenizer.encode("the a 1", bos=True, eos=True))

    assert_refused_or_read(file, act, file, bytes(bad))


def json_tokenizer() -> str:
    from checkpoints.vocabulary import as_json

    return as_json(vocabulary()).json


class Call:
    """What a pickle calls when it is read."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> Any:
        return self.function, self.arguments


def archive(content: Any, compression: int = zipfile.ZIP_STORED, size: int = 0) -> bytes:
    """An archive as torch.save's, around any pickle."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        data = content if isinstance(content, bytes) else pickle.dumps(content, protocol=2)
        file.writestr("archive/data.pkl", data)
        file.writestr("archive/version", "3\n")
        if size:
            file.writestr("archive/data/0", bytes(size))
    return buffer.getvalue()


def nested(kind: type) -> Any:
    value = kind()
    for _ in range(40):
        value = kind(a=value, b=value)
    return value


def doubled_tuples(levels: int) -> bytes:
    """A pickle of {t: 1}, where t is a tuple of the same two tuples of the same two ..."""
    build = b"".join(b"h%c\x86q%c" % (n, n + 1) for n in range(levels))
    return b"\x80\x02}()q\x00" + build + b"K\x01u."


def shared_bytes() -> bytes:
    """Two members of an archive whose bytes are the same ones."""
    whole = archive({"model_args": {}, "model": {}}, size=3000)
    start = whole.index(b"PK\x01\x02")
    directory, end = whole[start:-22], bytearray(whole[-22:])
    entry = directory[directory.rindex(b"PK\x01\x02") :]
    end[8:12] = struct.pack("<HH", *[struct.unpack("<H", end[8:10])[0] + 2] * 2)
    end[12:16] = struct.pack("<I", len(directory) + 2 * len(entry))
    return whole[:start] + directory + 2 * entry + bytes(end)


BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "a call that fills memory": (
        lambda: archive({"model_args": {}, "model": Call(bytearray, 10**12)}),
        "contains code",
    ),
    "a storage": (
        lambda: archive({"model_args": {}, "model": Call(torch.FloatStorage, 10**12)}),
        "truncated or corrupt",
    ),
    "empty lists": (
        lambda: archive(b"\x80\x02(" + b"]" * (2 * MAX_PICKLE) + b"t."),
        "contains code .* or is damaged",
    ),
    "nested dicts": (
        lambda: archive({"model_args": nested(dict), "model": {}}),
        "model_args hold no configuration, but far too much",
    ),
    "nested ordered dicts": (
        lambda: archive({"model_args": nested(OrderedDict), "model": {}}),
        "model_args hold no configuration, but far too much",
    ),
    "tuples in tuples": (lambda: archive(doubled_tuples(40)), "or is damaged"),
    "a zip bomb": (
        lambda: archive({"model_args": {}, "model": {}}, zipfile.ZIP_DEFLATED, 10**8),
        "truncated or corrupt",
    ),
    "shared bytes": (shared_bytes, "truncated or corrupt"),
    "a bare pickle": (lambda: pickle.dumps({"model_args": {}, "model": {}}), "a bare pickle can"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_do_not_go_off(tmp_path: Path, little_memory: None, name: str) -> None:
    make, message = BOMBS[name]
    path = tmp_path / "m.pt"
    path.write_bytes(make())
    with pytest.raises(ValueError, match=message) as caught:
        checkpoints.read(path)
    assert "\n" not in str(caught.value)


def test_what_torch_writes_repeats_no_tuple() -> None:
    buffer = io.BytesIO()
    model = random_llama(CONFIG)
    both = {"model": model.state_dict(), "again": dict(model.named_parameters())}
    torch.save({**both, "model_args": {"rope_scaling": {"factors": (1.0, 2.0)}}}, buffer)
    with zipfile.ZipFile(buffer) as file:
        (name,) = [name for name in file.namelist() if name.endswith("data.pkl")]
        assert repetitions(file.read(name)) == 0
    assert repetitions(doubled_tuples(40)) == 39  # the empty one does not count


def safetensors_file(header: dict[str, Any], data: bytes) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


@pytest.mark.parametrize(
    "content",
    [
        safetensors_file(
            {
                "a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]},
                "b": {"dtype": "F32", "shape": [4], "data_offsets": [8, 24]},
            },
            bytes(24),
        ),
        safetensors_file({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}, bytes(8)),
        safetensors_file(
            {"a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 16]}}, bytes(16)
        ),
        safetensors_file(
            {"a": {"dtype": "F32", "shape": [2**33, 2**33], "data_offsets": [0, 16]}}, bytes(16)
        ),
        struct.pack("<Q", 2**60) + b"{}",
        safetensors_file({}, b"")[:5],
    ],
    ids=["overlapping", "out of range", "too many", "overflow", "header", "cut"],
)
def test_safetensors_that_lie(tmp_path: Path, little_memory: None, content: bytes) -> None:
    path = specimen(tmp_path, "huggingface", "pieces")
    (path / "model.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.safetensors: truncated or corrupt \(.*fetch it"):
        checkpoints.read(path)


def test_json_that_nests_without_end(tmp_path: Path) -> None:
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        path = specimen(tmp_path / name, "huggingface", "merges")
        (path / name).write_text("[" * 100_000)
        with pytest.raises(ValueError, match=name.split(".")[0]):
            checkpoints.read(path)


@pytest.mark.parametrize("engine", ["taught", "fast"])
@pytest.mark.parametrize("format", ["course", "huggingface", "gguf", "llama2c"])
def test_weights_that_are_no_numbers_are_named(tmp_path: Path, format: str, engine: str) -> None:
    model = random_llama(CONFIG)
    with torch.no_grad():
        model.get_parameter("layers.1.feed_forward.w2.weight")[3, 5] = float("nan")
        model.get_parameter("layers.0.ffn_norm.weight")[0] = float("-inf")
    source, path, told = tmp_path / "m.pt", tmp_path / f"of{ENDINGS[format]}", [""]
    with saved_beside(sentencepieces(), source):
        model.save_pretrained(source)
    if format == "course":
        path = source
    else:
        convert(source, path, format, tell=told.append)
        assert told[-1].startswith("m.pt holds weights that are no numbers (NaN) or infinite, in ")
    load(path, engine=engine, tell=told.append)
    for name in ("layers.0.ffn_norm.weight", "layers.1.feed_forward.w2.weight"):
        assert name in told[-1]
    assert "w1" not in told[-1]


def test_what_is_no_number_is_not_rounded_to_int8(tmp_path: Path) -> None:
    model = random_llama(CONFIG)
    with torch.no_grad():
        model.get_parameter("layers.1.feed_forward.w2.weight")[3, 5] = float("nan")
    model.save_pretrained(tmp_path / "m.pt")
    with pytest.raises(ValueError, match=r"in layers\.1\.feed_forward\.w2.*int8 cannot hold them"):
        convert(tmp_path / "m.pt", tmp_path / "m.gguf", "gguf", "int8")
    assert [file.name for file in tmp_path.iterdir()] == ["m.pt"]
