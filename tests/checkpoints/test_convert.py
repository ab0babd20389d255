"""From any format to any other, with its tokenizer, for other programs; whole or not at all."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

import checkpoints
from checkpoints import __main__ as script
from checkpoints.convert import FORMATS, convert, require_whole
from checkpoints.tokenizer_files import find_vocabulary, saved_beside
from checkpoints.vocabulary import Vocabulary
from config import LlamaConfig, RopeScaling
from data import STAND_IN
from llama import Llama, load_pretrained
from tests.helpers import assert_user_error, contents, random_llama, run_code, vocabulary
from tests.test_tokenizer import AWKWARD, LLAMA_2
from tokenizer import load_tokenizer, make_tokenizer

pytest.importorskip("safetensors")
pytest.importorskip("gguf")
# What every format can hold: rows of whole blocks, theta and eps of llama2.c, a known hidden_dim.
CONFIG = LlamaConfig(
    vocab_size=len(vocabulary().tokens),
    dim=64,
    n_layers=2,
    n_heads=4,
    n_kv_heads=2,
    max_seq_len=48,
    hidden_dim=96,
)
ENDINGS = {"course": ".pt", "huggingface": "", "llama2c": ".bin", "gguf": ".gguf"}


def weights(path: Path) -> dict[str, torch.Tensor]:
    tensors = checkpoints.read(path).tensors
    return {name: tensors[name].float() for name in tensors}


def made(folder: Path, format: str, config: LlamaConfig) -> Path:
    """A random model in a format, made by way of the course's."""
    random_llama(config).save_pretrained(folder / "random.pt")
    path = folder / f"source{ENDINGS[format]}"
    convert(folder / "random.pt", path, format)
    return path


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize(("first", "second"), list(itertools.product(FORMATS, FORMATS)))
def test_every_pair_of_formats_to_the_bit(
    tmp_path: Path, first: str, second: str, tied: bool
) -> None:
    config = replace(CONFIG, tie_embeddings=tied)
    source = made(tmp_path, first, config)
    target = tmp_path / f"target{ENDINGS[second]}"
    convert(source, target, second)
    assert checkpoints.read(target).config == config
    for name, parameter in random_llama(config).named_parameters():
        assert torch.equal(weights(target)[name], parameter), name


LLAMA_3 = replace(
    CONFIG, rope_theta=5e5, rope_scaling=RopeScaling("llama3", 8.0), max_seq_len=9000, head_dim=32
)


@pytest.mark.parametrize("format", ["course", "huggingface", "gguf"])
@pytest.mark.parametrize(
    "config", [LLAMA_3, replace(CONFIG, rope_scaling=RopeScaling("linear", 4.0))]
)
def test_scaled_frequencies_and_other_heads(
    tmp_path: Path, format: str, config: LlamaConfig
) -> None:
    assert checkpoints.read(made(tmp_path, format, config)).config == config


TABLE = RopeScaling("factors", factors=(1.0,) * 7 + (3.0,))


@pytest.mark.parametrize(
    ("format", "changes", "message"),
    [
        ("llama2c", {"rope_theta": 5e5}, "llama2.c has no rope_theta=500000.0"),
        ("llama2c", {"head_dim": 10}, "llama2.c has no head_dim=10"),
        ("llama2c", {"layer_norm_eps": 1e-6}, "llama2.c has no layer_norm_eps=1e-06"),
        ("llama2c", {"causal": False}, "llama2.c has no causal=False"),
        ("huggingface", {"causal": False}, "transformers' Llama is causal"),
        ("huggingface", {"rope_scaling": TABLE}, "its table of RoPE's factors has no name"),
        ("gguf", {"causal": False}, "llama.cpp's Llama is causal"),
    ],
)
def test_what_a_format_cannot_hold_is_named(
    tmp_path: Path, format: str, changes: dict[str, Any], message: str
) -> None:
    config = replace(CONFIG, **changes)
    random_llama(config).save_pretrained(tmp_path / "m.pt")
    before = contents(tmp_path)
    with pytest.raises(ValueError, match=message):
        convert(tmp_path / "m.pt", tmp_path / f"target{ENDINGS[format]}", format)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("format", "dtype", "close"),
    [
        ("course", "bfloat16", 4e-3),
        ("huggingface", "float16", 5e-4),
        ("gguf", "float16", 5e-4),
        ("gguf", "int8", 4e-3),
        ("llama2c", "int8", 4e-3),
    ],
)
def test_rounded_weights(tmp_path: Path, format: str, dtype: str, close: float) -> None:
    random_llama(CONFIG).save_pretrained(tmp_path / "m.pt")
    target = tmp_path / f"target{ENDINGS[format]}"
    convert(tmp_path / "m.pt", target, format, dtype)
    plain, rounded = weights(tmp_path / "m.pt"), weights(target)
    for name, tensor in plain.items():
        error = (rounded[name] - tensor).abs().max() / tensor.abs().max()
        assert error <= close, name
        assert error > 0 or tensor.ndim == 1, name
    files = [p.stat().st_size for p in (target.rglob("*") if target.is_dir() else [target])]
    assert sum(files) < 0.62 * (tmp_path / "m.pt").stat().st_size


def test_the_scales_of_a_gguf_are_rounded_themselves(tmp_path: Path) -> None:
    """To float16: a weight between two steps is then off by more than half of one."""
    model = random_llama(CONFIG)
    weight = model.get_parameter("layers.0.attention.compute_query.weight")
    scale = (1 + 2**-11) / 128  # between two numbers of float16
    with torch.no_grad():
        weight.mul_(scale)
        weight[0, :2] = torch.tensor([127.0, 126.499]) * scale
        assert float(weight.abs().max()) == 127 * scale
    model.save_pretrained(tmp_path / "m.pt")
    convert(tmp_path / "m.pt", tmp_path / "m.gguf", "gguf", "int8")


def sentencepieces() -> Vocabulary:
    if not LLAMA_2.exists():
        pytest.skip("shared/models/tokenizer.model is not beside the project")
    return load_tokenizer(LLAMA_2).vocabulary


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("kind", [vocabulary, sentencepieces])
def test_the_tokenizer_comes_along(
    tmp_path: Path, format: str, kind: Callable[[], Vocabulary]
) -> None:
    said: dict[str, Any] = {"chat_template": "{{ messages }}", "stop_ids": [7]}
    if format == "llama2c":
        if kind is vocabulary:
            pytest.skip("refused, see below")
        said = {}
    own = replace(kind(), **said)
    original = make_tokenizer(own)
    config = replace(CONFIG, vocab_size=original.n_words + 3, dim=32, n_heads=2, n_kv_heads=1)
    if format == "llama2c":
        config = replace(config, vocab_size=original.n_words)
    random_llama(replace(config, head_dim=16)).save_pretrained(tmp_path / "m.pt")
    with saved_beside(own, tmp_path / "m.pt"):
        pass
    target = tmp_path / "out" / f"target{ENDINGS[format]}"
    written = convert(tmp_path / "m.pt", target, format)
    found = find_vocabulary(written.path, written.vocabulary)
    assert found is not None
    tokenizer = make_tokenizer(found)
    assert tokenizer.chat_template == own.chat_template
    assert original.control_ids <= tokenizer.control_ids
    for text in [*AWKWARD, "The year 2026, at 12:30."]:
        for begin in (True, False):
            ids = original.encode(text, bos=begin, eos=begin)
            assert tokenizer.encode(text, bos=begin, eos=begin) == ids, text
            assert tokenizer.decode(ids) == text
    if format == "huggingface":
        transformers = pytest.importorskip("transformers")
        theirs = transformers.AutoTokenizer.from_pretrained(target)
        text = "The cat, in 2026."
        assert theirs(text, add_special_tokens=False).input_ids == tokenizer.encode(
            text, bos=False, eos=False
        )
        assert theirs(text).input_ids == tokenizer.encode(text, bos=True, eos=False)


def test_byte_pairs_have_no_form_in_llama2c(tmp_path: Path) -> None:
    random_llama(CONFIG).save_pretrained(tmp_path / "m.pt")
    with saved_beside(vocabulary(), tmp_path / "m.pt"):
        pass
    before = contents(tmp_path)
    with pytest.raises(ValueError, match=r"llama2.c has SentencePiece's tokenizers alone"):
        convert(tmp_path / "m.pt", tmp_path / "m.bin", "llama2c")
    assert contents(tmp_path) == before


def test_ggufs_own_reader_finds_the_same(tmp_path: Path) -> None:
    import gguf

    path = made(tmp_path, "gguf", LLAMA_3)
    reader = gguf.GGUFReader(path)
    assert reader.fields["general.architecture"].contents() == "llama"
    factors = next(t for t in reader.tensors if t.name == "rope_freqs.weight")
    assert factors.data.max() == np.float32(8)
    norms = [t for t in reader.tensors if t.name.endswith("_norm.weight")]
    assert len(norms) == 5
    assert all(t.tensor_type == gguf.GGMLQuantizationType.F32 for t in norms)


@torch.no_grad()
def test_transformers_reads_what_is_written(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    path = made(tmp_path, "huggingface", LLAMA_3)
    tokens = torch.randint(0, CONFIG.vocab_size, (2, 40), generator=torch.manual_seed(1))
    theirs = transformers.LlamaForCausalLM.from_pretrained(path).eval()
    ours = load_pretrained(path)(tokens, tokens)[0]
    assert (theirs(tokens).logits - ours).abs().max() < 1e-4


def test_a_damaged_write_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random_llama(CONFIG).save_pretrained(tmp_path / "m.pt")
    original = checkpoints.read

    def other(path: Path) -> checkpoints.Checkpoint:
        checkpoint = original(path)
        if path.name == "x.pt":
            checkpoint.tensors["norm.weight"] = checkpoint.tensors["norm.weight"] + 1e-6
        return checkpoint

    monkeypatch.setattr("checkpoints.convert.read", other)
    with pytest.raises(ValueError, match=r"x\.pt: norm.weight differs from the source"):
        convert(tmp_path / "m.pt", tmp_path / "x.pt", "course")


def test_too_little_room_is_said_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random_llama(CONFIG).save_pretrained(tmp_path / "m.pt")
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(ValueError, match=r"writing .*x takes .* and .* has 1.0 kB free"):
        convert(tmp_path / "m.pt", tmp_path / "x", "huggingface")
    assert [p.name for p in tmp_path.iterdir()] == ["m.pt"]


def test_the_command(tmp_path: Path, run_here: Any) -> None:
    random_llama(CONFIG).save_pretrained(tmp_path / "m.pt")
    with saved_beside(vocabulary(), tmp_path / "m.pt"):
        pass
    result = run_here(script.main, "convert", "m.pt", "hf", "--to", "huggingface", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "compared  20 tensors are the source's to the bit" in result.stdout
    for name in ("m.pt", "hf"):
        result = run_here(script.main, "show", name, "--tensors", cwd=tmp_path)
        assert result.returncode == 0, result.stderr
        for part in ("2 layers of width 64", "4 heads of 16 on 2", "tied", "theta 10000"):
            assert part in result.stdout
        assert "layers.1.feed_forward.w2.weight" in result.stdout
        assert f"{CONFIG.vocab_size} tokens" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["m.pt", "m.pt", "--to", "course"], ["m.pt: is the source itself"]),
        (["m.pt", "full", "--to", "huggingface"], ["full: is there already"]),
        (["m.pt", "x.gguf", "--to", "gguf", "--dtype", "bfloat16"], ["gguf holds float32"]),
        (["absent.pt", "x", "--to", "gguf"], ["absent.pt: no such checkpoint"]),
        (["m.pt", "x", "--to", "onnx"], ["'onnx'"]),
    ],
)
def test_bad_input_gets_one_line_and_leaves_nothing(
    tmp_path: Path, run_here: Any, arguments: list[str], parts: list[str]
) -> None:
    random_llama(CONFIG).save_pretrained(tmp_path / "m.pt")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "own.txt").write_text("kept")
    before = contents(tmp_path)
    assert_user_error(run_here(script.main, "convert", *arguments, cwd=tmp_path), *parts)
    assert contents(tmp_path) == before


PEAK = """
import re, sys, threading, time
from pathlib import Path

def held():
    return 1024 * int(re.search(r"RssAnon:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

import gguf, safetensors.torch, tokenizers
from checkpoints.convert import convert
before, peak = held(), [0]

def watch():
    while True:
        peak[0] = max(peak[0], held())
        time.sleep(0.002)

threading.Thread(target=watch, daemon=True).start()
for source, target, format in zip(*[iter(sys.argv[1:])] * 3):
    convert(Path(source), Path(target), format)
    print(peak[0] - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux")
def test_memory_stays_below_twice_the_weights(tmp_path: Path) -> None:
    original = STAND_IN.with_name("SmolLM2-135M-Instruct.Q4_1.gguf")
    if not (STAND_IN.exists() and original.exists()):
        pytest.skip("the stand-in is not here: bash setup.sh prepares it")
    jobs = ((original, "course"), (original, "huggingface"), (STAND_IN, "gguf"))
    arguments: list[str | Path] = []
    for source, to in jobs:
        arguments += [source, tmp_path / f"target{ENDINGS[to]}", to]
    result = run_code(PEAK, *arguments)
    assert result.returncode == 0, result.stderr
    peaks = [int(line) for line in result.stdout.splitlines()]
    assert len(peaks) == len(jobs)
    assert max(peaks) < 1.6 * 4 * 134_515_008, peaks


def test_a_model_of_the_class_is_what_every_format_holds() -> None:
    """`require_whole` spells the tensors out, since checkpoints/ knows no model."""
    with torch.device("meta"):
        model = Llama(replace(CONFIG, tie_embeddings=False))
    shapes = {name: tuple(p.shape) for name, p in model.named_parameters()}
    checkpoint = checkpoints.Checkpoint(
        Path("x"), "test", model.config, {n: torch.zeros(s) for n, s in shapes.items()}, None
    )
    require_whole(checkpoint)
    checkpoint.tensors.pop("layers.1.ffn_norm.weight")
    with pytest.raises(ValueError, match=r"missing layers\.1\.ffn_norm\.weight"):
        require_whole(checkpoint)
